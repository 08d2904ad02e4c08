#pragma once
#include <string>
#include <vector>

int weigh(const std::vector<int>& weights);
int seed();  // TEST_SEED
extern std::vector<std::string> parcels;
