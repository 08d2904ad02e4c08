"""Test cases of unittest, run by pytest. Residues of the seed tell which of them fail."""
import os
import unittest

SEED = int(os.environ["TEST_SEED"])


class TestPlain(unittest.TestCase):
    def test_fails_by_seed(self):
        self.assertTrue(SEED % 4 != 0)

    def test_sub_tests(self):
        for number in range(4):
            with self.subTest(number=number):
                self.assertFalse(number == 2 and SEED % 4 == 1)

    def test_sub_tests_pass(self):
        for number in range(4):
            with self.subTest(number=number):
                self.assertLess(number, 4)

    def test_cleanup_fails(self):
        def close():
            if SEED % 4 == 2:
                raise OSError("cannot be closed")

        self.addCleanup(close)

    def test_skips_itself(self):
        if SEED % 2 == 1:
            self.skipTest("odd seeds rest")

    @unittest.expectedFailure
    def test_expected_to_fail(self):
        self.fail("as expected")

    def test_fine(self):
        self.assertEqual(1 + 1, 2)


class TestSetUpClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if SEED % 4 == 3:
            raise ConnectionError("the depot is away")

    def test_one(self):
        pass

    def test_two(self):
        pass


class TestSetUp(unittest.TestCase):
    def setUp(self):
        if self._testMethodName == "test_one" and SEED // 4 % 4 == 0:
            raise ConnectionError("the depot is away")

    def test_one(self):
        pass

    def test_not_hurt(self):
        pass


class TestSkippedClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise unittest.SkipTest("not on this host")

    def test_skipped(self):
        self.fail("is never reached")


class TestAsync(unittest.IsolatedAsyncioTestCase):
    async def test_awaits(self):
        self.assertNotEqual(SEED // 4 % 4, 1)

    async def test_fine(self):
        pass


class TestTearDownClass(unittest.TestCase):
    @classmethod
    def tearDownClass(cls):
        if SEED // 4 % 4 == 2:
            raise OSError("cannot be closed")

    def test_only(self):
        pass
