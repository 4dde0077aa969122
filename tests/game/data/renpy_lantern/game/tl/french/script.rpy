# TODO: Translation updated at 2026-01-01 12:00

# game/script.rpy:10
translate french start_39f95ffb:

    # "The lamp has gone out."
    "La lampe s'est éteinte."

# game/script.rpy:11
translate french start_ab791919:

    # m "Is anybody up here?"
    m "Il y a quelqu'un ?"

# game/script.rpy:14
translate french start_7a36efd7:

    # k tired @ angry "Who's asking? {b}Mind{/b} the step, it is {{wet}."
    k tired @ angry "Qui demande ? {b}Attention{/b} à la marche, elle est {{mouillée}."

# game/script.rpy:15
translate french start_1ed38e51:

    # extend " And close the hatch."
    extend " Et ferme la trappe."

# game/script.rpy:18
translate french start_45025c43:

    # m "It is 5%% oil and [gold] parts luck."
    m "C'est 5%% d'huile et [gold] parts de chance."

# game/script.rpy:27
translate french start_abf3f655:

    # k "Well, then?" nointeract
    k "Alors ?" nointeract

# game/script.rpy:33
translate french lit_at_last:

    # m "There." id lit_at_last
    m "Voilà."

# game/script.rpy:34
translate french light_36f5596c:

    # k "So it burns."
    k "Elle brûle donc."

# game/script.rpy:34
translate french light_e289456f:

    # k "I had given up on it."
    k "Je n'y croyais plus."

translate french strings:

    # game/script.rpy:23
    old "Light it."
    new "Allume-la."
