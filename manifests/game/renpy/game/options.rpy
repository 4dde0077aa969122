define config.name = "Harbor"
define config.has_voice = True
define config.auto_voice = "voice/{id}.ogg"
