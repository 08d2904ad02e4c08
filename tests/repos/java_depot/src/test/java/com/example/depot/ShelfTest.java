package com.example.depot;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ShelfTest {
  @Test
  void beginsEmpty() {
    assertTrue(Depot.PARCELS.isEmpty());
  }

  @Test
  void takesAParcel() {
    Depot.PARCELS.add("parcel");
  }
}
