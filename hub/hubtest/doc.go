// Package hubtest is a stand-in for the Hugging Face Hub, for tests of what
// downloads from it. It has two origins on the loopback interface, repositories from
// any [io/fs.FS], faults by script, and a log of the requests.
//
//	func TestDownload(t *testing.T) {
//		hub := hubtest.New(t, hubtest.Repo{ID: "org/name", Files: hubtest.FS{
//			"config.json":       hubtest.Text(`{"model_type":"toy"}`),
//			"model.safetensors": hubtest.Pattern{Size: 3_000_000},
//		}})
//		hub.Add(hubtest.Fault{Op: hubtest.Body, To: 2, Do: hubtest.Do{Status: 503}})
//		t.Setenv("HF_ENDPOINT", hub.URL())
//		// … download org/name, and look at hub.Requests().
//	}
//
// It serves what clients read: information, listings in pages, references, history,
// given paths, the holder of a token, and files by revision with ranges. Files of
// large-file storage are at the second origin, under signed addresses, as on the
// Hub. Hashes are real: git blob, tree and commit names, and sha256. Nothing can be
// uploaded. Python's huggingface_hub works with it when HF_ENDPOINT names it.
//
// A token is valid if it begins with "hf_"; the rest is the name of its holder.
//
// # Faults
//
// A [Fault] says which requests it strikes, and [Do] what happens to them. The usual
// ones take a line each, with Op: Body for where the bytes of a file are:
//
//	{Op: Body, To: 2, Do: Do{Status: 503}}                                    // twice unavailable
//	{Op: Body, To: 1, Do: Do{Status: 429, Header: map[string]string{"Retry-After": "1"}}}
//	{Op: Body, To: 2, Do: Do{CutHalf: true}}                                  // cut twice, then whole
//	{Op: Body, Do: Do{CutHalf: true, IgnoreRange: true}}                      // no resuming, ever
//	{Op: Body, Do: Do{Short: 10}}                                             // honest, but too short
//	{Op: Body, Do: Do{Flip: []int64{0}}}                                      // one wrong byte
//	{Op: Body, From: 2, To: 2, Do: Do{Delay: time.Minute}}                    // the second one is late
//	{Op: Body, Do: Do{Hang: true, CutAfter: 1000}}                            // stops, and stays open
//	{Op: Head, Do: Do{Weak: true}}                                            // W/"…"
//	{Op: Head, Do: Do{Header: map[string]string{"X-Repo-Commit": ""}}}        // not a hub
//	{Op: Info, Do: Do{Redirect: "{cdn}{path}"}}                               // to another origin
//	{Op: Info, Do: Do{Loop: true}}                                            // redirects without end
//	{Op: Tree, Do: Do{Bomb: 10 << 30}}                                        // 10 GiB of blanks in 10 MB
//	{Op: Tree, Do: Do{Listing: &Listing{Entries: 10_000_000, PageSize: 1000}}}
//	{Op: Tree, Do: Do{Listing: &Listing{Endless: true}}}                      // empty pages without end
//	{Op: Tree, Do: Do{Header: map[string]string{"Link": "<{hub}{path}>; rel=\"next\""}}}
//	{Do: Do{Raw: "SSH-2.0-OpenSSH_9.9\r\n"}}                                  // not HTTP
//
// Repositories can have files of any name: FS{"../evil": Text("x")}.
//
// # Limits
//
// All files are read once when a repository is put in, for their hashes; a [Pattern]
// of the same size and seed only once per process. Nothing is kept in memory but the
// log and what an [FS] holds.
package hubtest
