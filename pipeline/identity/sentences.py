"""What a voice says so that one knows how it sounds: two sentences in its language, some ten seconds."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    "en": (
        "The old harbor lay quiet in the morning, and nobody had seen the boat come back from the island.",
        "I told you twice that she would never agree to sell the house, whatever price they name.",
    ),
    "zh": (
        "清晨的港口很安静，还没有人看见那条船从岛上回来。",
        "我跟你说过两次，不管他们出什么价钱，她都不会同意卖掉房子。",
    ),
    "es": (
        "El viejo puerto estaba en silencio, y nadie había visto todavía volver el barco de la isla.",
        "Te dije dos veces que ella nunca aceptaría vender la casa, sea cual sea el precio.",
    ),
    "fr": (
        "Le vieux port était calme ce matin, et personne n'avait encore vu le bateau revenir de l'île.",
        "Je t'ai dit deux fois qu'elle n'accepterait jamais de vendre la maison, quel que soit le prix.",
    ),
    "it": (
        "Il vecchio porto era silenzioso, e nessuno aveva ancora visto tornare la barca dall'isola.",
        "Ti ho detto due volte che lei non avrebbe mai accettato di vendere la casa, a nessun prezzo.",
    ),
    "pt": (
        "O velho porto estava quieto, e ninguém tinha visto ainda o barco voltar da ilha.",
        "Eu disse duas vezes que ela nunca concordaria em vender a casa, qualquer que fosse o preço.",
    ),
    "hi": (
        "सुबह पुराना बंदरगाह शांत था, और किसी ने अभी तक नाव को द्वीप से लौटते नहीं देखा था।",
        "मैंने तुमसे दो बार कहा था कि वह घर बेचने के लिए कभी राज़ी नहीं होगी।",
    ),
    "de": (
        "Der alte Hafen lag still am Morgen, und noch niemand hatte das Boot von der Insel kommen sehen.",
        "Ich habe dir zweimal gesagt, dass sie das Haus nie verkaufen wird, welchen Preis sie auch nennen.",
    ),
}


def sentences_for(language: str) -> tuple[str, str]:
    """Two sentences in that language (`en-us`, `zh`); in English where there are none of its own."""
    return SENTENCES.get(language.partition("-")[0], SENTENCES["en"])
