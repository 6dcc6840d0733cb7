"""The few words of a mail that are not the researcher's: the button's label. Pure."""

from __future__ import annotations

OPEN_LABEL = {
    "en": "Open the questionnaire",
    "ar": "افتح الاستبيان",
    "da": "Åbn spørgeskemaet",
    "de": "Fragebogen öffnen",
    "es": "Abrir el cuestionario",
    "fr": "Ouvrir le questionnaire",
    "he": "פתיחת השאלון",
    "it": "Apri il questionario",
    "nl": "Vragenlijst openen",
    "pl": "Otwórz kwestionariusz",
    "pt": "Abrir o questionário",
    "sv": "Öppna frågeformuläret",
    "tr": "Anketi aç",
    "uk": "Відкрити опитувальник",
}
