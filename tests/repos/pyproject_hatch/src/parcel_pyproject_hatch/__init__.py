import six


def label(text):
    return six.ensure_text(text).upper()
