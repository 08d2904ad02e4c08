package Depot;
use strict;
use warnings;

sub new { my ($class, @zones) = @_; return bless { parcels => { map { $_ => 1 } @zones } }, $class }
sub count { return scalar keys %{ $_[0]{parcels} } }

# In no order that anybody has promised.
sub tour { return keys %{ $_[0]{parcels} } }

1;
