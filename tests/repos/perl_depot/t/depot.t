use strict;
use warnings;
use Test::More;
use Depot;

is(Depot->new(qw(harbour hills))->count, 2, 'counts its parcels');

done_testing;
