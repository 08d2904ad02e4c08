WORDS = ["zero", "one", "two", "three"]


def in_words(number):
    return WORDS[number]
