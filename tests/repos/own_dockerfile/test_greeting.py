import os
import unittest


class Greeting(unittest.TestCase):
    def test_comes_from_the_image(self):
        with open("/greeting") as file:
            self.assertEqual(file.read(), "hello world\n")
        self.assertEqual(os.environ["GREETED_BY"], "dockerfile")

    def test_runs_in_the_working_copy_with_all_files(self):
        self.assertTrue(os.path.exists("docs/notes.txt"))
        self.assertEqual(os.getcwd(), "/work")
