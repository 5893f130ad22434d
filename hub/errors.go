package hub

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gocoreml/coreml/internal/quote"
)

// What can be wrong, for errors.Is. The errors of this package wrap one of them
// and say besides which repository, file and answer it was.
var (
	// ErrGated means that the repository's authors hand out access one by one.
	ErrGated = errors.New("the repository is gated: ask for access on its page, and give the token of an account that has it, as in HF_TOKEN")

	// ErrRepositoryNotFound means that there is no such repository, or that it is
	// private and the token, or the lack of one, does not open it: a hub answers
	// both in the same way.
	ErrRepositoryNotFound = errors.New("no such repository, or a private one that needs a token, as in HF_TOKEN")

	// ErrRevisionNotFound means that the repository has no such branch, tag or commit.
	ErrRevisionNotFound = errors.New("no such revision")

	// ErrEntryNotFound means that the revision has no such file.
	ErrEntryNotFound = errors.New("no such file in this revision")

	// ErrDisabled means that the hub has closed the repository to everybody.
	ErrDisabled = errors.New("access to the repository is disabled")

	// ErrUnauthorized means that the hub refuses the token, or what it may do.
	ErrUnauthorized = errors.New("the hub refuses the token, or the token may not read this")

	// ErrOffline means that the network was not asked: HF_HUB_OFFLINE is set, the
	// client is offline, or LocalOnly was.
	ErrOffline = errors.New("the network may not be used: offline")

	// ErrNotCached means that the hub could not be asked, and that nothing in the
	// cache answers in its place. It comes with the reason: ErrOffline, or what
	// the network said.
	ErrNotCached = errors.New("not in the cache")

	// ErrIncompleteSnapshot means that the hub could not be asked, and that the
	// cache has a part of the snapshot. Every such error is an [*IncompleteError].
	ErrIncompleteSnapshot = errors.New("the snapshot in the cache is incomplete")

	// ErrChecksum means that a file came with other bytes than its hash says.
	// Every such error is a [*ChecksumError].
	ErrChecksum = errors.New("checksum mismatch")

	// ErrSize means that a file came with more or fewer bytes than the hub said.
	ErrSize = errors.New("wrong size")

	// ErrReadOnly means that the folder of the cache, or the local one, cannot be
	// written to. What it holds can be used.
	ErrReadOnly = errors.New("the folder cannot be written to")

	// ErrDiskFull means that the disk, or the user's share of it, has no room.
	ErrDiskFull = errors.New("no space left on the disk")

	// ErrNotHub means that the endpoint does not answer as a hub does: a proxy's
	// log-in page, a wrong HF_ENDPOINT, or a broken server.
	ErrNotHub = errors.New("the answer is not that of a Hugging Face hub: see HF_ENDPOINT, the proxy and the firewall")

	// ErrUnsafeName means that a name cannot be a file below the cache: it leads
	// out of it, or this system has no such names.
	ErrUnsafeName = errors.New("unsafe name")

	// ErrTooLarge means that the hub's answer goes beyond the bounds of this
	// package: [MaxFiles] and its like.
	ErrTooLarge = errors.New("the hub's answer is too large")

	// ErrAmbiguous means that a name stands for more than one thing.
	ErrAmbiguous = errors.New("ambiguous name")
)

// Lengths to which texts of a hub are cut where they enter an error.
const (
	maxMessage = 300 // bytes of what a hub has to say
	maxName    = 200 // bytes of a name of a file or repository
)

// Error is what went wrong between this package and a hub. errors.Is finds the
// sentinel of it, if it has one, and errors.AsType the Error.
type Error struct {
	// Op is what was being done, such as "info", "refs", "list files", "look up",
	// "download", "snapshot", "find". It is for people, and more may come.
	Op string

	// Repo is the repository and the revision that was asked for.
	Repo Repo

	// Path is the file's path in the repository, "" where it is not about one file.
	Path string

	// URL is the address that was asked, without its query, which may be a secret.
	URL string

	// Status is the status of the answer, 0 where none came.
	Status int

	// Code is the hub's X-Error-Code, such as "GatedRepo", "" without one.
	Code string

	// Message is what the hub says of it. It is foreign text, cut to a few hundred
	// bytes; Error shows it with escapes.
	Message string

	// RequestID is the hub's name for the request, for its support.
	RequestID string

	// Err is the cause; a sentinel of this package, or an error that wraps one, where
	// there is one for it.
	Err error

	again *hint // nil where asking again is of no use
}

// Error says all of it in one line. Foreign text in it is quoted and cut.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "hub: %s %s", e.Op, quote.Bare(e.Repo.String(), maxName))
	if e.Path != "" {
		fmt.Fprintf(&b, ": %s", quote.Name(e.Path, maxName))
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	b.WriteString(e.answer())
	return b.String()
}

// answer is what the hub said, in brackets, "" where nothing came.
func (e *Error) answer() string {
	if e.Status == 0 {
		return ""
	}
	said := fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))
	if e.Code != "" {
		said += " " + quote.Bare(e.Code, maxName)
	}
	if e.Message != "" {
		said += ": " + quote.Name(e.Message, maxMessage)
	}
	if e.URL != "" {
		said += " from " + quote.Bare(e.URL, maxMessage)
	}
	if e.RequestID != "" {
		said += ", request " + quote.Bare(e.RequestID, maxName)
	}
	return " (" + strings.TrimSpace(said) + ")"
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ChecksumError says that a file's bytes are not those that its hash stands for.
// Bytes that were downloaded have been thrown away; those that [Client.Verify] found
// in the cache are still there.
type ChecksumError struct {
	// Path is the file's path in the repository.
	Path string

	// Algorithm is "sha256", or "git-sha1": of "blob ", the size and a zero byte
	// before the content.
	Algorithm string

	// Want and Got are the hashes in hexadecimal.
	Want, Got string
}

// Error names the file and both hashes.
func (e *ChecksumError) Error() string {
	return fmt.Sprintf("%v: the %s of %s is %s, but must be %s", ErrChecksum,
		e.Algorithm, quote.Name(e.Path, maxName), quote.Bare(e.Got, maxName), quote.Bare(e.Want, maxName))
}

// Unwrap returns [ErrChecksum].
func (e *ChecksumError) Unwrap() error { return ErrChecksum }

// IncompleteError says which files of a snapshot the cache lacks.
type IncompleteError struct {
	// Dir is the snapshot's folder.
	Dir string

	// Missing are the paths of those that are not there, sorted.
	Missing []string
}

// Error names the first few.
func (e *IncompleteError) Error() string {
	const shown = 3
	var names []string
	for _, name := range e.Missing[:min(shown, len(e.Missing))] {
		names = append(names, quote.Name(name, maxName))
	}
	more := ""
	if n := len(e.Missing) - shown; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("%v: %s%s missing", ErrIncompleteSnapshot, strings.Join(names, ", "), more)
}

// Unwrap returns [ErrIncompleteSnapshot].
func (e *IncompleteError) Unwrap() error { return ErrIncompleteSnapshot }
