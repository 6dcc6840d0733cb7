"""Markdown as safe HTML and as plain text, for the texts that researchers write.

Raw HTML and images are shown as typed, and only links to web pages and mail addresses are links.
"""

from __future__ import annotations

from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

SAFE_SCHEMES = ("http://", "https://", "mailto:")


def _is_safe(url: str) -> bool:
    return url.strip().lower().startswith(SAFE_SCHEMES)


_MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable("image")
_MARKDOWN.validateLink = _is_safe  # type: ignore[method-assign]  # the documented way to narrow it


def to_html(source: str) -> str:
    """The text as HTML blocks; whatever is not plain Markdown comes out escaped."""
    return str(_MARKDOWN.render(source))


def to_text(source: str) -> str:
    """The text as somebody would type it into a plain mail: no marks, links written out."""
    root = SyntaxTreeNode(_MARKDOWN.parse(source))
    return "\n\n".join(_blocks(root))


def _blocks(parent: SyntaxTreeNode) -> Iterator[str]:
    for node in parent.children:
        text = _block(node)
        if text:
            yield text


def _block(node: SyntaxTreeNode) -> str:
    match node.type:
        case "bullet_list" | "ordered_list":
            return _list(node)
        case "blockquote":
            return _indented("\n\n".join(_blocks(node)), "> ", "> ")
        case "fence" | "code_block":
            return _indented(node.content.rstrip("\n"), "    ", "    ")
        case "hr":
            return "-----"
        case _:
            return "".join(_inline(child) for child in node.children)


def _list(node: SyntaxTreeNode) -> str:
    first = int(node.attrs.get("start", 1))
    is_ordered = node.type == "ordered_list"
    items = []
    for n, item in enumerate(node.children, start=first):
        mark = f"{n}. " if is_ordered else "- "
        items.append(_indented("\n".join(_blocks(item)), mark, " " * len(mark)))
    return "\n".join(items)


def _indented(text: str, first: str, rest: str) -> str:
    head, *tail = text.split("\n")
    return "\n".join([first + head, *((rest + line).rstrip() for line in tail)])


def _inline(node: SyntaxTreeNode) -> str:
    match node.type:
        case "text" | "code_inline":
            return node.content
        case "softbreak" | "hardbreak":
            return "\n"
        case "link":
            label = "".join(_inline(child) for child in node.children)
            url = str(node.attrs.get("href", ""))
            return label if label == url.removeprefix("mailto:") else f"{label} ({url})"
        case _:
            return "".join(_inline(child) for child in node.children)
