package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
	"unicode/utf8"
)

const (
	// bodyTimeout is how long a client may take for a piece of its request, and bodyPiece how
	// large one is: slower ones are cut off.
	bodyTimeout = 30 * time.Second
	bodyPiece   = 64 << 10
	// maxDepth and maxValues bound the nesting and the number of values of a request.
	maxDepth  = 64
	maxValues = 1 << 20
	// largeBody is the size of a request from which on it takes part in mostLarge: how many are
	// prepared at once. What a request comes to in memory, until its prompt is tokens, is many
	// times its size.
	largeBody = 256 << 10
	mostLarge = 4
)

// readObject reads the request's body, a JSON object.
func (x *exchange) readObject() (*object, error) {
	data, err := x.readBody()
	if err != nil {
		return nil, err
	}
	if len(data) > largeBody {
		select {
		case x.h.large <- struct{}{}:
			x.large = true
		case <-x.ctx.Done():
			return nil, context.Cause(x.ctx)
		}
	}
	if err := checkJSON(data); err != nil {
		return nil, err
	}
	return parseObject(data, "")
}

// BoundBodies returns a handler that bounds the time of requests whose body next does not read.
// A [Handler] does so by itself; this is for what a server has beside it. Who reads a body sets
// bounds of its own.
func BoundBodies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		boundBody(w, r)
		next.ServeHTTP(w, r)
	})
}

// boundBody bounds the time of a request whose body nobody reads, such as one that is refused
// by its headers: net/http reads what is left of it behind the reply. Without a body there is
// no bound: what would end then is the wait for the client to go away.
func boundBody(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		// Where there are no deadlines the server's own hold.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	}
}

// prepared ends the preparation of a request.
func (x *exchange) prepared() {
	if x.large {
		x.large = false
		<-x.h.large
	}
}

// readBody reads the request's body as fast as it comes, and no slower than it may.
func (x *exchange) readBody() ([]byte, error) {
	if coding := x.r.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return nil, &apiError{status: http.StatusUnsupportedMediaType, code: "unsupported_encoding", message: "the request has the Content-Encoding " + shown(coding) + ", want none"}
	}
	limit := x.h.config.MaxBody
	if x.r.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	body := http.MaxBytesReader(x.w, x.r.Body, limit)
	control := http.NewResponseController(x.w)
	var data bytes.Buffer
	for {
		_ = control.SetReadDeadline(time.Now().Add(bodyTimeout))
		_, err := io.CopyN(&data, body, bodyPiece)
		switch {
		case errors.Is(err, io.EOF):
			_ = control.SetReadDeadline(time.Time{})
			return data.Bytes(), nil
		case err != nil:
			return nil, bodyError(err)
		}
	}
}

// bodyError returns what is told of a body that could not be read.
func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return &apiError{status: http.StatusRequestTimeout, code: "request_incomplete", message: "the request did not arrive whole", cause: err}
}

// badJSON refuses a body that is no JSON object.
func badJSON(format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, code: "invalid_json", message: "the request is no JSON object: " + fmt.Sprintf(format, args...)}
}

// checkJSON refuses texts that would cost more than they say: it goes over the bytes once,
// before anything is allocated.
func checkJSON(data []byte) error {
	if !utf8.Valid(data) {
		return badJSON("it is not UTF-8")
	}
	depth, values, quoted := 0, 1, false
	for k := 0; k < len(data); k++ {
		c := data[k]
		if quoted {
			switch c {
			case '\\':
				k++
			case '"':
				quoted = false
			}
			continue
		}
		switch c {
		case '"':
			quoted = true
		case '{', '[':
			if depth++; depth > maxDepth {
				return badJSON("it is nested more than %d levels deep", maxDepth)
			}
			values++
		case '}', ']':
			depth--
		case ',':
			values++
		}
		if values > maxValues {
			return badJSON("it has more than %d values", maxValues)
		}
	}
	if !json.Valid(data) {
		var v any
		err := json.Unmarshal(data, &v)
		return badJSON("%v", err)
	}
	return nil
}

// reply writes a whole reply.
func (x *exchange) reply(status int, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return x.write(status, append(data, '\n'))
}

// write writes a whole reply of JSON.
func (x *exchange) write(status int, data []byte) error {
	x.began, x.stats.Status = true, status
	header := x.w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", fmt.Sprint(len(data)))
	control := http.NewResponseController(x.w)
	defer control.SetWriteDeadline(time.Time{}) //nolint:errcheck // where there are no deadlines the server's own hold
	_ = control.SetWriteDeadline(time.Now().Add(x.h.config.WriteTimeout))
	x.w.WriteHeader(status)
	for len(data) > 0 {
		n := min(len(data), writePiece)
		if _, err := x.w.Write(data[:n]); err != nil {
			x.stats.Cancelled, x.cause = true, err
			return nil // there is nobody to be told
		}
		data = data[n:]
		_ = control.SetWriteDeadline(time.Now().Add(x.h.config.WriteTimeout))
	}
	return nil
}
