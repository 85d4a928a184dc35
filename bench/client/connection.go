package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sort"
	"strconv"
	"time"
)

const pieceSize = 256 * 1024

// connection is kept open from one request to the next, and opened again after a failure.
type connection struct {
	address  string
	deadline time.Time
	key      *Key
	socket   net.Conn
	reader   *bufio.Reader
	head     []byte
	piece    []byte
}

// answer is what is kept of one: its status, where it points, and how long its body was.
type answer struct {
	status   int
	location string
	size     int64
	start    []byte // of the body
}

func (c *connection) dial() error {
	if c.socket != nil {
		return nil
	}
	dialer := net.Dialer{Deadline: c.deadline}
	socket, err := dialer.Dial("tcp", c.address)
	if err != nil {
		return err
	}
	c.socket, c.reader = socket, bufio.NewReaderSize(socket, 16*1024)
	if c.piece == nil {
		c.piece = make([]byte, pieceSize)
	}
	return socket.SetDeadline(c.deadline)
}

func (c *connection) close() {
	if c.socket != nil {
		c.socket.Close()
		c.socket = nil
	}
}

// send does one request. Its answer is read to the end.
func (c *connection) send(method, path string, headers map[string]string, body []byte) (answer, error) {
	got, err := c.exchange(method, path, headers, body)
	if err != nil {
		c.close()
	}
	return got, err
}

func (c *connection) exchange(method, path string, headers map[string]string, body []byte) (answer, error) {
	response, err := c.begin(method, path, headers, body)
	if err != nil {
		return answer{}, err
	}
	got := answer{status: response.StatusCode, location: response.Header.Get("Location")}
	for {
		count, err := response.Body.Read(c.piece)
		if got.size == 0 {
			got.start = append([]byte(nil), c.piece[:min(count, 400)]...)
		}
		got.size += int64(count)
		if err == io.EOF {
			break
		}
		if err != nil {
			return got, err
		}
	}
	if response.Close {
		c.close()
	}
	return got, nil
}

// begin sends a request and reads the head of its answer.
func (c *connection) begin(method, path string, headers map[string]string, body []byte) (*http.Response, error) {
	if err := c.dial(); err != nil {
		return nil, err
	}
	c.head = appendHead(c.head[:0], c.address, method, path, headers, len(body))
	parts := net.Buffers{c.head}
	if len(body) > 0 {
		parts = append(parts, body)
	}
	if _, err := parts.WriteTo(c.socket); err != nil {
		return nil, err
	}
	return http.ReadResponse(c.reader, &http.Request{Method: method})
}

func appendHead(head []byte, host, method, path string, headers map[string]string, size int) []byte {
	head = append(head, method+" "+path+" HTTP/1.1\r\nHost: "+host+"\r\n"...)
	for name, value := range headers {
		head = append(head, name+": "+value+"\r\n"...)
	}
	if size > 0 || method == "POST" || method == "PUT" || method == "PATCH" {
		head = strconv.AppendInt(append(head, "Content-Length: "...), int64(size), 10)
		head = append(head, "\r\n"...)
	}
	return append(head, "\r\n"...)
}

// do sends a request of the plan, signed if it has to be, and says what is wrong with its answer.
func (c *connection) do(request *Request) (int64, error) {
	headers := request.Headers
	if request.Operation != "" {
		headers = c.key.sign(c.address, request.Operation, []byte(request.Body), time.Now())
	}
	got, err := c.send(request.Method, request.Path, headers, []byte(request.Body))
	if err != nil {
		return got.size, err
	}
	if got.status != request.Status {
		return got.size, fmt.Errorf("%s %s: status %d: %s", request.Method, request.Path, got.status, got.start)
	}
	if request.Size >= 0 && got.size != request.Size {
		return got.size, fmt.Errorf("%s %s: %d bytes", request.Method, request.Path, got.size)
	}
	return got.size, nil
}

func quantile(sorted []float64, part float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}

func sortedCopy(all []float64) []float64 {
	sort.Float64s(all)
	return all
}

// call is one of ECR's operations, with the start of its answer.
func (c *connection) call(operation string, body []byte) ([]byte, error) {
	got, err := c.send("POST", "/", c.key.sign(c.address, ecr+operation, body, time.Now()), body)
	if err == nil && got.status != 200 {
		err = fmt.Errorf("%s: status %d: %s", operation, got.status, got.start)
	}
	return got.start, err
}
