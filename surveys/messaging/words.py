"""The few words of a mail that are not the researcher's: the labels of its links. Pure."""

from __future__ import annotations

OPEN_LABEL = {
    "en": "Open the questionnaire",
    "ar": "فتح الاستبيان",
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

SETTINGS_LABEL = {
    "en": "Mails, pauses and settings",
    "ar": "الرسائل والاستراحات والإعدادات",
    "da": "Mails, pauser og indstillinger",
    "de": "E-Mails, Pausen und Einstellungen",
    "es": "Correos, pausas y ajustes",
    "fr": "E-mails, pauses et réglages",
    "he": "הודעות, הפסקות והגדרות",
    "it": "E-mail, pause e impostazioni",
    "nl": "E-mails, pauzes en instellingen",
    "pl": "E-maile, przerwy i ustawienia",
    "pt": "E-mails, pausas e definições",
    "sv": "Mejl, pauser och inställningar",
    "tr": "E-postalar, aralar ve ayarlar",
    "uk": "Листи, перерви та налаштування",
}
