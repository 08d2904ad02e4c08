import unittest

from numbers_in_words import in_words


class NumbersTest(unittest.TestCase):
    def test_two(self):
        self.assertEqual(in_words(2), "two")
