"""What the benchmark `deliver` is put together from: outbox, sink, and two other ways to send."""
