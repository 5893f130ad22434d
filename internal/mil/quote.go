package mil

import "github.com/gocoreml/coreml/internal/quote"

// maxQuoted bounds what an error shows of a foreign name, in bytes. Converters
// give values names of some 40; one that is longer is recognized by its
// beginning. A name in a file may have megabytes.
const maxQuoted = 120

// Quote returns a name that a package gave as an error shows it: in quotation
// marks, with control characters escaped, and cut where it is long.
func Quote(name string) string { return quote.Name(name, maxQuoted) }

// Plain is Quote that leaves the quotation marks off a short name of letters,
// digits and the usual marks.
func Plain(name string) string { return quote.Bare(name, maxQuoted) }
