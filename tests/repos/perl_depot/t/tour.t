use strict;
use warnings;
use Test::More;
use Depot;

my ($first) = Depot->new(qw(harbour oldtown airport hills))->tour;
isnt($first, 'airport', 'the tour does not begin at the airport');

done_testing;
