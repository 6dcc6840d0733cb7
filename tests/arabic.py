"""A study and questionnaires in Arabic, beside their English: for what runs right to left."""

from __future__ import annotations

from typing import Any

from surveys.instruments.definition import Instrument
from tests.world import protocol_document

WORDS = {
    "Close?": "هل تشعر بالقرب من الآخرين؟",
    "How old are you?": "كم عمرك؟",
    "Hours of sleep?": "كم ساعة تنام؟",
    "Change?": "كم تغيّر ذلك؟",
    "Anything else?": "هل تودّ إضافة شيء؟",
    "Do you agree?": "هل توافق؟",
    "Any action?": "هل فعلت شيئًا؟",
    "Strongly disagree": "لا أوافق بشدة",
    "Disagree": "لا أوافق",
    "Slightly disagree": "لا أوافق قليلًا",
    "Neither": "محايد",
    "Slightly agree": "أوافق قليلًا",
    "Agree": "أوافق",
    "Strongly agree": "أوافق بشدة",
    "Prefer not to say": "أفضّل عدم الإجابة",
    "Does not apply": "لا ينطبق",
    "Yes": "نعم",
    "years": "سنة",
    "Every-Kind": "استبيان",
    "First some facts.": "بعض المعلومات أولًا.",
    "I have read this.": "قرأت هذا.",
    "Who helps?": "من يساعدك؟",
    "Family": "الأسرة",
    "Friends": "الأصدقاء",
    "Colleagues": "الزملاء",
    "Nobody": "لا أحد",
    "What first?": "ما الذي يأتي أولًا؟",
    "Rarely": "نادرًا",
    "Sometimes": "أحيانًا",
    "Often": "غالبًا",
    "When were you born?": "متى وُلدت؟",
    "When do you go to bed?": "متى تنام؟",
    "How warm?": "ما مدى الدفء؟",
    "cold": "بارد",
    "warm": "دافئ",
    "How many children?": "كم عدد الأطفال؟",
    "First name?": "الاسم الأول؟",
    "I am near.": "أنا قريب.",
    "I am far.": "أنا بعيد.",
    "You": "أنت",
    "Others": "الآخرون",
    "How often?": "كم مرة؟",
    "A year of calm": "عام من السكينة",
    "In an emergency call 112.": "في حالات الطوارئ اتصل بالرقم 116 123.",
    "Baseline": "الاستبيان الأول",
    "M3": "بعد ثلاثة أشهر",
    "I take part.": "أشارك.",
    "Where do you live?": "أين تسكن؟",
    "North": "الشمال",
    "South": "الجنوب",
    "We ask you **four** times.": "نسألك **أربع** مرات.",
    "Write to me later.": "يمكن مراسلتي لاحقًا.",
}


def in_arabic(node: Any) -> Any:
    """A document, each of whose texts in English and German has Arabic too."""
    if isinstance(node, list):
        return [in_arabic(each) for each in node]
    if not isinstance(node, dict):
        return node
    if set(node) == {"en", "de"}:
        return {**node, "ar": WORDS.get(node["en"], node["en"])}
    return {key: in_arabic(value) for key, value in node.items()}


def instrument_in_arabic(instrument: Instrument) -> Instrument:
    """The same questionnaire with Arabic beside its English."""
    document = in_arabic(instrument.model_dump(mode="json", exclude_none=True))
    return Instrument.model_validate(document | {"languages": ["en", "de", "ar"]})


def study_in_arabic() -> dict[str, Any]:
    """The keys of a study file that participants read between the questionnaires."""
    document = in_arabic(protocol_document("calm-year"))
    kept = {key: document[key] for key in ("title", "contact", "consent")}
    return {"languages": ["en", "de", "ar"], **kept}
