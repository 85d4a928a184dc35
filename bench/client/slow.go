package main

import (
	"sync"
	"time"
)

// Slow clients ask for something large and read so many bytes of it a second, while others are measured.
type Slow struct {
	Clients int
	Rate    int
	Request Request
}

// start returns when all of them read, with a function that ends them.
func (s *Slow) start(open func() *connection) func() {
	stop := make(chan struct{})
	var reading, done sync.WaitGroup
	for range s.Clients {
		reading.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			s.read(open(), stop, &reading)
		}()
	}
	reading.Wait()
	return func() {
		close(stop)
		done.Wait()
	}
}

func (s *Slow) read(connection *connection, stop chan struct{}, reading *sync.WaitGroup) {
	defer connection.close()
	response, err := connection.begin(s.Request.Method, s.Request.Path, s.Request.Headers, nil)
	reading.Done()
	if err != nil {
		return
	}
	turn := time.NewTicker(100 * time.Millisecond)
	defer turn.Stop()
	piece := make([]byte, s.Rate/10)
	for {
		select {
		case <-stop:
			return
		case <-turn.C:
			if _, err := response.Body.Read(piece); err != nil {
				return
			}
		}
	}
}
