// Client load for `make bench`: reads a plan as JSON, does it, prints one line of JSON with what it found.
//
// Answers are read whole and thrown away. What takes the client long, such as making bytes and their digests, is done
// before the clock starts.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Plan is what to do. Either Requests or Push is given.
type Plan struct {
	Address  string // host:port
	Clients  int
	Seconds  float64 // only for "repeat"
	Timeout  float64 // seconds after which everything that is not done has failed
	How      string  // "repeat", "share" or "each"
	Requests []Request
	Push     *Push
	Slow     *Slow
	Key      *Key // requests with an Operation are signed with it
}

// Request is sent as it stands; an answer with another status or size is an error.
type Request struct {
	Method    string
	Path      string
	Headers   map[string]string
	Body      string
	Operation string // the value of X-Amz-Target; such a request is signed
	Status    int
	Size      int64 // of the body of the answer; -1 is any
}

func main() {
	var plan Plan
	if err := json.NewDecoder(os.Stdin).Decode(&plan); err != nil {
		stop(err)
	}
	report, err := run(&plan)
	if err != nil {
		stop(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		stop(err)
	}
}

func run(plan *Plan) (*Report, error) {
	deadline := time.Now().Add(time.Duration(plan.Timeout * float64(time.Second)))
	open := func() *connection { return &connection{address: plan.Address, deadline: deadline, key: plan.Key} }
	if plan.Push != nil {
		return plan.Push.run(plan.Clients, open)
	}
	if len(plan.Requests) == 0 {
		return nil, fmt.Errorf("a plan needs requests or a push")
	}
	if plan.Slow != nil {
		stopped := plan.Slow.start(open)
		defer stopped()
	}
	switch plan.How {
	case "repeat":
		return repeat(plan, open)
	case "share":
		return share(plan, open)
	case "each":
		return each(plan, open)
	}
	return nil, fmt.Errorf("how is repeat, share or each, not %q", plan.How)
}

func stop(err error) {
	fmt.Fprintln(os.Stderr, "bench-client:", err)
	os.Exit(1)
}
