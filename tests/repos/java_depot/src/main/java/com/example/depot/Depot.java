package com.example.depot;

import java.util.ArrayList;
import java.util.List;

public class Depot {
  public static final List<String> PARCELS = new ArrayList<>();

  public static int weigh(int... weights) {
    int sum = 0;
    for (int weight : weights) sum += weight;
    return sum;
  }

  public static int seed() {
    String text = System.getenv("TEST_SEED");
    return text == null ? 0 : Integer.parseInt(text);
  }
}
