package cache

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gocoreml/coreml/internal/quote"
)

// Limits of names: what the file systems of the systems that we run on can hold.
const (
	maxName    = 4096
	maxSegment = 255
	// Folders in folders. It is what a scan of the cache goes into.
	maxFolders = maxDepth
	// Files and folders of one revision. Names alone can stand for very many folders.
	maxEntries = 1 << 20
	// An etag gets an ending while its blob is written.
	maxETag = maxSegment - len(".12345678") - len(incomplete)
)

// NameError means that a name may not become a path.
type NameError struct {
	What string // what kind of name it is: "file name", "revision", ...
	Name string
	Why  string
}

// Error quotes the name, cut where it is long.
func (e *NameError) Error() string {
	return fmt.Sprintf("%s %s: %s", e.What, quote.Name(e.Name, 128), e.Why)
}

// CheckName accepts the path of a file in a repository: parts separated by '/'. It
// refuses what would leave the folder that it is put below on any system, or
// what no system can hold: "..", absolute paths, drives, and these with
// backslashes too, control characters, and names that are too long. What only
// Windows cannot hold is refused on Windows alone: other backslashes, devices.
func CheckName(name string) error { return checkPath("file name", name) }

// CheckRevision accepts the name of a branch, a tag, a commit or another reference.
func CheckRevision(revision string) error { return checkPath("revision", revision) }

// CheckETag accepts what may name a blob: one part of a path. An etag comes from
// a hub with its quotes and its mark of weakness taken off.
func CheckETag(etag string) error {
	why := segmentFault(etag)
	switch {
	case why != "":
	case strings.ContainsAny(etag, `/\`):
		why = "has a separator"
	case len(etag) > maxETag:
		why = fmt.Sprintf("is longer than %d bytes", maxETag)
	case strings.HasSuffix(etag, incomplete):
		why = "has the ending of a file in the making"
	default:
		return nil
	}
	return &NameError{What: "etag", Name: etag, Why: why}
}

// CheckID accepts what huggingface_hub accepts as the name of a repository: one or
// two parts of letters, digits, '-', '_' and '.'.
func CheckID(id string) error {
	why := ""
	switch parts := strings.Split(id, "/"); {
	case len(parts) > 2:
		why = "has more than two parts"
	case strings.Contains(id, "--") || strings.Contains(id, ".."):
		why = `may not contain "--" or ".."`
	case strings.HasSuffix(id, ".git"):
		why = `may not end in ".git"`
	case slices.ContainsFunc(parts, func(p string) bool { return !idPart(p) }):
		why = `may have letters, digits, "-", "_" and "." in each part, at most 96, and neither begin nor end with "-" or "."`
	default:
		return nil
	}
	return &NameError{What: "repository", Name: id, Why: why}
}

// idPart is Python's \b[\w\-.]{1,96}\b over ASCII.
func idPart(s string) bool {
	if s == "" || len(s) > 96 {
		return false
	}
	for i := range len(s) {
		edge := i == 0 || i == len(s)-1
		if !wordByte(s[i]) && (edge || s[i] != '-' && s[i] != '.') {
			return false
		}
	}
	return true
}

// wordByte is Python's \w over ASCII.
func wordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// IsCommit says whether a revision is a commit's whole hash.
func IsCommit(revision string) bool { return isHex(revision, 40) }

// isHex says whether s consists of n hexadecimal digits in lower case.
func isHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// checkCommit refuses what is no commit before it becomes the name of a folder.
func checkCommit(commit string) error {
	if !IsCommit(commit) {
		return &NameError{What: "commit", Name: commit, Why: "is not a hash of 40 hexadecimal digits"}
	}
	return nil
}

// checkPath checks each part of a path of a repository.
func checkPath(what, name string) error {
	fault := func(why string) error { return &NameError{What: what, Name: name, Why: why} }
	switch {
	case name == "":
		return fault("is empty")
	case len(name) > maxName:
		return fault(fmt.Sprintf("is longer than %d bytes", maxName))
	case !utf8.ValidString(name):
		return fault("is not UTF-8")
	}
	if strings.Count(name, "/") > maxFolders {
		return fault(fmt.Sprintf("lies in more than %d folders", maxFolders))
	}
	for segment := range strings.SplitSeq(name, "/") {
		if why := segmentFault(segment); why != "" {
			return fault(why)
		}
	}
	return nil
}

// segmentFault says why one part of a path is refused, "" for a good one.
func segmentFault(s string) string {
	switch {
	case s == "":
		return "has an empty part"
	case len(s) > maxSegment:
		return fmt.Sprintf("has a part of more than %d bytes", maxSegment)
	case strings.ContainsFunc(s, unicode.IsControl):
		return "has a control character"
	case runtime.GOOS == "windows" && windowsFault(s) != "":
		return windowsFault(s)
	}
	// Windows takes a backslash for a separator, also when the files come to it later.
	for part := range strings.SplitSeq(s, `\`) {
		switch {
		case part == "":
			return "has a backslash that stands for an empty part"
		case strings.Trim(part, ". ") == "":
			return "has a part of dots or spaces alone" // Windows strips them: ".. " is ".."
		case drive(part):
			return "has a drive letter"
		}
	}
	return ""
}

// drive says whether Windows takes the beginning of s for a drive.
func drive(s string) bool {
	_, n := utf8.DecodeRuneInString(s)
	return len(s) > n && s[n] == ':'
}

// device says whether Windows takes s for a device, in any folder.
func device(s string) bool {
	switch s = strings.ToUpper(strings.TrimRight(s, ". ")); s {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	number, ok := strings.CutPrefix(s, "COM")
	if !ok {
		number, ok = strings.CutPrefix(s, "LPT")
	}
	if !ok {
		return false
	}
	switch number {
	case "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "\u00b9", "\u00b2", "\u00b3":
		return true
	}
	return false
}

// windowsFault says why Windows could not keep a file of this name under it.
func windowsFault(s string) string {
	stem, _, _ := strings.Cut(s, ".")
	switch {
	case strings.ContainsAny(s, `<>:"|?*\`):
		return "has a character that Windows does not allow"
	case strings.HasSuffix(s, ".") || strings.HasSuffix(s, " "):
		return "ends in a dot or a space"
	case device(stem):
		return "is a device"
	}
	return ""
}

// CheckNames accepts names that can lie in one folder together, on every system:
// each is a good name, none comes twice or differs from another in case alone,
// and none is a folder of another. See [Cache.CheckTree] for what one folder's
// file system can hold.
func CheckNames(names []string) error { return checkTogether(names, fold) }

// ErrTooMany means that the names of files stand for more folders than any
// repository has.
var ErrTooMany = fmt.Errorf("more than %d files and folders", maxEntries)

// checkTogether checks names that count as the same when key makes them the same.
func checkTogether(names []string, key func(string) string) error {
	const file, folder = 1, 2
	type entry struct {
		name string
		kind int
	}
	seen := make(map[string]entry, len(names))
	for _, name := range names {
		if err := CheckName(name); err != nil {
			return err
		}
		k := key(name)
		if old, ok := seen[k]; ok {
			return twins(name, old.name)
		}
		seen[k] = entry{name, file}
		if len(seen) > maxEntries {
			return ErrTooMany
		}
		// Every folder above, nearest first; one that was seen has brought its own.
		for i := strings.LastIndexByte(name, '/'); i >= 0; i = strings.LastIndexByte(name[:i], '/') {
			k := key(name[:i])
			old, ok := seen[k]
			if ok && (old.kind == file || old.name != name[:i]) {
				return twins(name[:i], old.name)
			}
			if ok {
				break
			}
			seen[k] = entry{name[:i], folder}
		}
	}
	return nil
}

// twins is the error for two names that would be one file.
func twins(name, other string) error {
	return &NameError{What: "file name", Name: name, Why: "cannot lie beside " + quote.Name(other, 128)}
}

// fold makes names the same that differ in case alone.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		// The least of the characters that are one but for case.
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, s)
}
