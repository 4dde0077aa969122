# game/script.rpy:5
translate german start_8d8a9853:

    # k worried "The light went out at midnight."
    k worried "Das Licht ging um Mitternacht aus."

# game/script.rpy:6
translate german start_3e63dbef:

    # m "You were {i}asleep{/i} again."
    m "Du hast wieder {i}geschlafen{/i}."

# game/script.rpy:7
translate german start_696c9978:

    # k angry "I was thinking!{w=0.4} With my eyes closed."
    k angry "Ich habe nachgedacht!{w=0.4} Mit geschlossenen Augen."

# game/script.rpy:9
translate german start_9e50de07:

    # m "Do you want the lamp?" nointeract
    m "Willst du die Lampe?" nointeract

# game/script.rpy:17
translate german lamp_9b4381ab:

    # m "Take it, and do not drop it."
    m "Nimm sie, und lass sie nicht fallen."

# game/script.rpy:13
translate german start_dddb3dd5:

    # "The sea answered for both of them."
    "Das Meer antwortete für beide."
