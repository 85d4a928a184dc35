package main

import (
	"errors"
	"net/http"
	"os"
	"sync"
	"time"
)

// Slow clients ask for something large and read so many bytes of it a second, while others are measured.
type Slow struct {
	Clients int
	Rate    int
	Request Request
}

// start returns when all of them have the head of an answer, with a function that ends them.
func (s *Slow) start(open func() *connection) func() {
	stop := make(chan struct{})
	var reading, done sync.WaitGroup
	for range s.Clients {
		reading.Add(1)
		done.Add(1)
		go func() {
			defer done.Done()
			connection := open()
			defer connection.close()
			response, err := connection.begin(s.Request.Method, s.Request.Path, s.Request.Headers, nil)
			reading.Done()
			if err == nil {
				s.read(response, connection, stop)
			}
		}()
	}
	reading.Wait()
	return func() {
		close(stop)
		done.Wait()
	}
}

// read takes a tenth of the rate ten times a second. A read that waits for the server ends when it is to stop.
func (s *Slow) read(response *http.Response, connection *connection, stop chan struct{}) {
	turn := time.NewTicker(100 * time.Millisecond)
	defer turn.Stop()
	piece := make([]byte, s.Rate/10)
	for {
		select {
		case <-stop:
			return
		case <-turn.C:
			if connection.socket.SetReadDeadline(time.Now().Add(time.Second)) != nil {
				return
			}
			if _, err := response.Body.Read(piece); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				return
			}
		}
	}
}
