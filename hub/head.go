package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/hub/internal/cache"
)

// metadata is what a hub says of a file before its body.
type metadata struct {
	commit string
	etag   string   // the name of its content: that of the blob
	size   int64    // -1 where the hub does not say
	body   *url.URL // where a redirect leads to, nil where the hub sends the body itself
}

// head asks for a file's metadata. With [ErrEntryNotFound] the metadata may still
// name the commit that has no such file.
func (s *settings) head(ctx context.Context, repo Repo, path string, p patience) (m metadata, err error) {
	asked := call{op: "look up", repo: repo, path: path}
	u, err := s.fileURL(repo, path)
	if err == nil {
		err = s.retry(ctx, asked, p, func() (err error) {
			m, err = s.headOnce(ctx, asked, u)
			return err
		})
	}
	return m, asked.fail(err)
}

// headOnce is one attempt. Redirects within the hub are followed; the first one
// that leads elsewhere is the answer, and has the metadata.
func (s *settings) headOnce(ctx context.Context, asked call, u *url.URL) (metadata, error) {
	resp, err := s.send(ctx, request{
		method: http.MethodHead, url: u, header: plainHeader(), silence: s.headTimeout, follow: followHub,
	})
	if err != nil {
		return metadata{}, fromNetwork(ctx, err)
	}
	defer closeBody(resp)
	to, err := redirect(resp)
	if err != nil {
		return metadata{}, err
	}
	if to == nil && resp.StatusCode != http.StatusOK {
		return metadata{commit: resp.Header.Get("X-Repo-Commit")}, asked.status(s, resp)
	}
	return readMetadata(asked, resp, to)
}

// plainHeader asks for a body as it is, and counts as a download.
func plainHeader() http.Header {
	return http.Header{"Accept-Encoding": {"identity"}, "X-Hf-Download-Counter": {"1"}}
}

// readMetadata reads the headers of an answer.
func readMetadata(asked call, resp *http.Response, to *url.URL) (metadata, error) {
	m := metadata{commit: resp.Header.Get("X-Repo-Commit"), size: -1, body: to}
	if !isCommit(m.commit) {
		return m, fmt.Errorf("%w: no commit in X-Repo-Commit", ErrNotHub)
	}
	if want := asked.repo.Revision; isCommit(want) && want != m.commit {
		return m, fmt.Errorf("%w: it answers for commit %s", ErrNotHub, m.commit)
	}
	m.etag = normalizeETag(cmp.Or(resp.Header.Get("X-Linked-Etag"), resp.Header.Get("ETag")))
	if m.etag == "" {
		return m, fmt.Errorf("%w: no ETag", ErrNotHub)
	}
	if err := cache.CheckETag(m.etag); err != nil {
		return m, fmt.Errorf("%w: %w", ErrUnsafeName, err)
	}
	if n, ok := parseSize(resp.Header.Get("X-Linked-Size")); ok {
		m.size = n
	} else if n, ok := parseSize(resp.Header.Get("Content-Length")); ok && to == nil && checkEncoding(resp) == nil {
		m.size = n
	}
	return m, nil
}

// normalizeETag takes the mark of weakness and the quotation marks off, as Python
// does.
func normalizeETag(s string) string { return strings.Trim(strings.TrimLeft(s, "W/"), `"`) }

// parseSize reads a number of bytes.
func parseSize(s string) (int64, bool) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// errEncoded is what checkEncoding finds.
var errEncoded = errors.New("a body in an encoding that was not asked for")

// checkEncoding refuses a body that is compressed: a small one can become one that
// fills the disk, and its bytes are not those that the hash is of.
func checkEncoding(resp *http.Response) error {
	if resp.Uncompressed || coding(resp) != "" {
		return fmt.Errorf("%w: %w", ErrNotHub, errEncoded)
	}
	return nil
}

// coding is the encoding in which a body comes, "" where it comes as it is.
func coding(resp *http.Response) string {
	coded := resp.Header.Get("Content-Encoding")
	if strings.EqualFold(coded, "identity") {
		return ""
	}
	return coded
}
