module wharfinger/bench/client

go 1.24
