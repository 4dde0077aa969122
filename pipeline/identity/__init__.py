"""Who is heard: consent records, reference recordings, a speaker encoder and what is measured with it."""
