package hubtest

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"net/http"
	"strconv"
	"strings"
)

// instead answers in the handler's place where the fault says so. It reports false
// when the handler is to answer, with what the fault does to its answer.
func (a *answer) instead(c *call) bool {
	do := a.do
	if do.Delay > 0 && !a.server.wait(a.r.Context(), do.Delay) {
		panic(http.ErrAbortHandler)
	}
	if do.IgnoreRange {
		a.r.Header.Del("Range")
	}
	switch {
	case do.Drop:
		panic(http.ErrAbortHandler)
	case do.Hang && do.CutAfter == 0 && !do.CutHalf:
		a.server.hang(a.r.Context())
		panic(http.ErrAbortHandler)
	case do.Raw != "":
		a.raw(a.server.expand(do.Raw, a.r))
	case do.Loop:
		a.redirect(a.nextHop())
	case do.Redirect != "":
		a.redirect(a.server.expand(do.Redirect, a.r))
	case do.Bomb > 0:
		a.bomb(do.Bomb)
	case do.Listing != nil:
		do.Listing.answer(a, c)
	case do.Status != 0:
		a.body(a.server.expand(do.Body, a.r))
	default:
		return false
	}
	return true
}

// raw sends bytes that need not be HTTP.
func (a *answer) raw(text string) {
	if !a.hijack() {
		return
	}
	for {
		if err := a.out([]byte(text)); err != nil || !a.do.Endless {
			return
		}
	}
}

// body answers with the fault's status and text.
func (a *answer) body(text string) {
	if !a.do.Endless {
		a.whole(a.do.Status, "text/plain; charset=utf-8", []byte(text))
		return
	}
	block := []byte(strings.Repeat(text, max(1, 1<<16/max(1, len(text)))))
	a.WriteHeader(a.do.Status)
	for len(block) > 0 {
		if _, err := a.Write(block); err != nil {
			return
		}
	}
}

// redirect sends the client elsewhere.
func (a *answer) redirect(to string) {
	status := http.StatusFound
	if a.do.Status != 0 {
		status = a.do.Status
	}
	a.Header().Set("Location", to)
	a.text(status, "Redirecting to "+to)
}

// nextHop is the address of the request with a counter that is one higher.
func (a *answer) nextHop() string {
	u := *a.r.URL
	query := u.Query()
	hop, _ := strconv.Atoi(query.Get("hop"))
	query.Set("hop", strconv.Itoa(hop+1))
	u.RawQuery = query.Encode()
	return u.RequestURI()
}

// bomb answers with n blanks under gzip. One block is compressed once and repeated:
// the stream stays valid, since a flushed block refers to nothing before it.
func (a *answer) bomb(n int64) {
	block := bytes.Repeat([]byte{' '}, 1<<20)
	full, rest := deflated(block), deflated(block[:n%int64(len(block))])
	h := a.Header()
	h.Set("Content-Encoding", "gzip")
	h.Set("Content-Type", "application/json")
	a.WriteHeader(http.StatusOK)
	if a.r.Method == http.MethodHead {
		return
	}
	a.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}) //nolint:errcheck // found out below
	sum := uint32(0)
	for range n / int64(len(block)) {
		sum = crc32.Update(sum, crc32.IEEETable, block)
		if _, err := a.Write(full); err != nil {
			return
		}
	}
	sum = crc32.Update(sum, crc32.IEEETable, block[:n%int64(len(block))])
	tail := append(rest, 1, 0, 0, 0xff, 0xff) // an empty last block
	tail = binary.LittleEndian.AppendUint32(tail, sum)
	tail = binary.LittleEndian.AppendUint32(tail, uint32(n))
	a.Write(tail) //nolint:errcheck // the last of it
}

// deflated compresses a block so that it can stand anywhere in a stream.
func deflated(block []byte) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression) // the level is valid
	w.Write(block)                                     //nolint:errcheck // into memory
	w.Flush()
	return b.Bytes()
}

// Listing is a listing of files that are not there: of as many as one likes.
type Listing struct {
	// Entries is the number of files.
	Entries int64 `json:"entries,omitempty"`

	// PageSize is the number on a page; 0 is all of them on one.
	PageSize int64 `json:"page_size,omitempty"`

	// Endless promises another page after every one.
	Endless bool `json:"endless,omitempty"`

	// Names come before the generated ones, on the first page, as they are.
	Names []string `json:"names,omitempty"`
}

// answer writes the page that is asked for, as it is made.
func (l *Listing) answer(a *answer, c *call) {
	query := a.r.URL.Query()
	from := int64(cursor(query))
	size := l.PageSize
	if size <= 0 {
		size = l.Entries
	}
	first := min(from, l.Entries)
	last := min(first+size, l.Entries)
	if last < l.Entries || l.Endless {
		c.next(a, query, int(from+max(1, size)))
	}
	a.Header().Set("Content-Type", "application/json; charset=utf-8")
	a.WriteHeader(http.StatusOK)
	w := bufio.NewWriterSize(a, 1<<16)
	defer w.Flush()
	w.WriteByte('[') //nolint:errcheck // kept by the writer, and found below
	comma := false
	if from == 0 {
		for _, name := range l.Names {
			text, _ := json.Marshal(name) // a string
			comma = listed(w, comma, text) == nil
		}
	}
	var name []byte
	for i := first; i < last; i++ {
		name = strconv.AppendInt(append(name[:0], `"files/`...), i/1000, 10)
		name = append(strconv.AppendInt(append(name, "/file-"...), i, 10), `.bin"`...)
		if err := listed(w, comma, name); err != nil {
			return // the client has gone
		}
		comma = true
	}
	w.WriteByte(']') //nolint:errcheck // the last of it
}

// listed writes one file of one byte, a blank, whose name is JSON already.
func listed(w *bufio.Writer, comma bool, name []byte) error {
	if comma {
		w.WriteByte(',') //nolint:errcheck // kept by the writer
	}
	w.WriteString(`{"type":"file","path":`) //nolint:errcheck // kept by the writer
	w.Write(name)                           //nolint:errcheck // kept by the writer
	_, err := w.WriteString(oneBlank)
	return err
}

// oneBlank is the rest of an entry: the size, and the name that git gives one blank.
var oneBlank = `,"size":1,"oid":"` + object("blob", " ") + `"}`
