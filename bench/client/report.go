package main

import (
	"sync"
	"syscall"
	"time"
)

// Report is what was found. Times are in milliseconds but Seconds, from the start to the last answer, and CPU.
type Report struct {
	Count   int     `json:"count"` // of what succeeded
	Errors  int     `json:"errors"`
	Error   string  `json:"error"` // the first one
	Seconds float64 `json:"seconds"`
	Bytes   int64   `json:"bytes"` // of bodies, there or back
	P50     float64 `json:"p50"`
	P90     float64 `json:"p90"`
	P99     float64 `json:"p99"`
	Most    float64 `json:"most"`
	CPU     float64 `json:"cpu"` // seconds that this client took itself, from the start on
}

// notes are what one client saw.
type notes struct {
	times  []float64
	errors int
	first  error
	bytes  int64
}

// note is of one piece of work that began then.
func (n *notes) note(began time.Time, bytes int64, err error) {
	if err != nil {
		if n.first == nil {
			n.first = err
		}
		n.errors++
		return
	}
	n.bytes += bytes
	n.times = append(n.times, float64(time.Since(began).Nanoseconds())/1e6)
}

// together lets so many clients work at the same time. Each opens a connection first, if it is asked to.
func together(clients int, open func() *connection, dialed bool, work func(int, *connection, *notes)) *Report {
	all := make([]notes, clients)
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for number := range clients {
		ready.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			connection := open()
			defer connection.close()
			if dialed {
				if err := connection.dial(); err != nil {
					all[number].note(time.Now(), 0, err)
				}
			}
			ready.Done()
			<-start
			work(number, connection, &all[number])
		}()
	}
	ready.Wait()
	used, began := cpu(), time.Now()
	close(start)
	done.Wait()
	return summary(all, time.Since(began), cpu()-used)
}

func summary(all []notes, took time.Duration, used float64) *Report {
	report := &Report{Seconds: took.Seconds(), CPU: used}
	var times []float64
	for _, one := range all {
		times = append(times, one.times...)
		report.Errors += one.errors
		report.Bytes += one.bytes
		if one.first != nil && report.Error == "" {
			report.Error = one.first.Error()
		}
	}
	report.Count = len(times)
	times = sortedCopy(times)
	report.P50, report.P90 = quantile(times, 0.5), quantile(times, 0.9)
	report.P99, report.Most = quantile(times, 0.99), quantile(times, 1)
	return report
}

func cpu() float64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}
