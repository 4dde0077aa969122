# A small game of our own, for the tests.
define m = Character(_("Mira"), image="mira")
define k = Character("Keeper", color="#c8c8ff")
define config.auto_voice = "voice/{id}.ogg"

label start:
    scene lamp room
    show mira worried

    "The lamp has gone out."
    m "Is anybody up here?"  # out of breath

    show mira calm at left
    k tired @ angry "Who's asking? {b}Mind{/b} the step, it is {{wet}."
    extend " And close the hatch."

    nvl clear
    m "It is 5%% oil and [gold] parts luck."

    menu:
        "What now?"

        "Light it.":
            jump light

    menu:
        k "Well, then?"

        "Leave.":
            return

label light:
    m "There." id lit_at_last
    k """
    So it burns.

    I had given up on it.
    """
    return
