package main

import (
	"sync/atomic"
	"time"
)

// after so many failures in a row a client gives up, so that a dead server does not keep it busy
const mostFailures = 10

// repeat goes round the requests until the time is over. Each client begins at another one.
func repeat(plan *Plan, open func() *connection) (*Report, error) {
	length := time.Duration(plan.Seconds * float64(time.Second))
	return together(plan.Clients, open, true, func(number int, connection *connection, notes *notes) {
		until, failures := time.Now().Add(length), 0
		for turn := number; failures < mostFailures; turn++ {
			began := time.Now()
			if began.After(until) {
				return
			}
			size, err := connection.do(&plan.Requests[turn%len(plan.Requests)])
			notes.note(began, size, err)
			failures = failuresAfter(failures, err)
		}
	}), nil
}

// share has each request done once, by whichever client is free.
func share(plan *Plan, open func() *connection) (*Report, error) {
	var next atomic.Int64
	return together(plan.Clients, open, true, func(_ int, connection *connection, notes *notes) {
		for {
			turn := int(next.Add(1)) - 1
			if turn >= len(plan.Requests) {
				return
			}
			began := time.Now()
			size, err := connection.do(&plan.Requests[turn])
			notes.note(began, size, err)
		}
	}), nil
}

// each has every client do all requests, one after the other; it connects when the clock has started, as people do.
// The times are those of a client with all of its requests.
func each(plan *Plan, open func() *connection) (*Report, error) {
	return together(plan.Clients, open, false, func(_ int, connection *connection, notes *notes) {
		began, sum := time.Now(), int64(0)
		for turn := range plan.Requests {
			size, err := connection.do(&plan.Requests[turn])
			if err != nil {
				notes.note(began, 0, err)
				return
			}
			sum += size
		}
		notes.note(began, sum, nil)
	}), nil
}

func failuresAfter(failures int, err error) int {
	if err == nil {
		return 0
	}
	return failures + 1
}
