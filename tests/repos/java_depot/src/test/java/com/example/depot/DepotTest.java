package com.example.depot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DepotTest {
  @Test
  void weighs() {
    assertEquals(5, Depot.weigh(2, 3));
  }

  @Test
  void isInTime() {
    assertNotEquals(3, Depot.seed() % 4, "late");
  }

  @Test
  void losesNothing() {
    assertEquals(1, Depot.weigh());
  }

  @Test
  @Disabled("nobody is there")
  void waits() {}

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void carries(int parcel) {
    if (parcel == 1) assertNotEquals(1, Depot.seed() % 4, "dropped");
  }

  @Nested
  class Night {
    @Test
    void isDark() {}
  }
}
