define k = Character("Keeper", image="keeper")
define m = Character("Mira", image="mira")

label start:
    k worried "The light went out at midnight."
    m "You were {i}asleep{/i} again."
    k angry "I was thinking!{w=0.4} With my eyes closed."
    menu:
        m "Do you want the lamp?"
        "Take it":
            jump lamp
        "Leave it":
            "The sea answered for both of them."
            return

label lamp:
    m "Take it, and do not drop it."
    return
