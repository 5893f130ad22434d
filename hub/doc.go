// Package hub downloads from a Hugging Face hub into the cache that Python's
// huggingface_hub uses.
//
//	repo, err := hub.ParseRepo("org/name@v1.0")
//	if err != nil {
//		return err
//	}
//	var client hub.Client // the environment's hub, cache and token
//	snap, err := client.Snapshot(ctx, repo, &hub.SnapshotOptions{Allow: []string{"*.json", "Model.mlpackage/"}})
//	if err != nil {
//		return err
//	}
//	fmt.Println(snap.Dir) // has config.json and Model.mlpackage
//
// [Client.Snapshot] brings the files of a revision and [Client.Download] one of
// them; both return what the cache has without a request for its content.
// [Client.Info], [Client.Refs] and [Client.Files] ask the hub and keep nothing.
// Every field of a [Client] may be left out; the environment is then read as
// huggingface_hub reads it: HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_ENDPOINT,
// HF_HUB_OFFLINE and the rest. Package hubtest stands in for the hub in tests.
//
// # Names
//
// [Client.Resolve] gives the path of a Core ML package by a name that people type,
// "org/name[@revision][:path]", and fetches the package with the tokenizer and the
// settings beside it and nothing else of the repository:
//
//	p, err := hub.Resolve(ctx, "org/name", nil)
//	if err != nil {
//		return err
//	}
//	g, err := generate.Open(ctx, p.Path, &generate.Config{Tokenizer: p.Tokenizer})
//
// [Client.ResolveCheckpoint] does the same for a trained model that is no package yet.
// A repository with several packages is a [*PackagesError], which lists them. Package
// generate does not import this one: who never downloads links no HTTP client.
//
// # Cache
//
// The folder is Python's, byte for byte, and both may use it at the same time:
// names, links, references, listings and locks are the same. A revision that is
// there costs one small request, and one that is a commit none. Without the network
// the cache answers by itself. Two downloads of one file, in one process or in
// several, fetch it once.
//
// What is fetched is a file of its own until all of it is there, and its bytes are
// hashed on the way: by SHA-256 where the hub keeps a file in Git LFS, and as git
// hashes it otherwise. Only then does it get its name. A download that was stopped
// goes on where it was, also in another process, after what is there has been
// hashed again.
//
// The paths that are returned stay valid until somebody deletes them from the cache.
// In the cache they are links to files that other revisions share: read them and
// never write to them. With LocalDir files are real and the caller's own.
//
// # Concurrency
//
// A Client is safe for concurrent use and must not be changed after its first use.
// A snapshot fetches Client.Parallel files at once. Calls of a Progress function
// never overlap, and a panic in one is the caller's to recover. Every method ends soon
// after its context does, with the context's cause.
//
// # Errors
//
// What a hub, the network or the cache refuses is an [*Error], which says what was
// asked of whom and what was answered. errors.Is tells the usual ones apart:
// [ErrGated], [ErrRepositoryNotFound], [ErrRevisionNotFound], [ErrEntryNotFound],
// [ErrOffline], [ErrNotCached], [ErrIncompleteSnapshot], [ErrChecksum],
// [ErrDiskFull], [ErrNotHub] and others.
//
// What may pass is tried again, Client.Retries times, after a wait that doubles or
// that the hub asks for: lost connections, silence, and the statuses 408, 429, 500,
// 502 to 504 and 520 to 527. Where no connection can be made at all it is given up
// sooner, and where the cache has an answer at once. A body goes on where it broke
// off. Time-outs bound the silence and not the whole time, so that a slow network is
// no error; what brings less than 16 KiB in twelve of them is given up, since it would
// take for ever byte by byte.
//
// # Security
//
// A hub, and whoever stands between it and us, may send anything. It cannot make
// this package write outside the cache, or keep more than the bounds [MaxFiles],
// [MaxPages], [MaxPage] and [MaxListing] in memory. Names that lead elsewhere on any
// system are [ErrUnsafeName]; everything below the cache is opened through an
// [os.Root]. A file that does not have the hash that the hub names is thrown away:
// who can answer in the hub's place can also name another hash, so use https, and a
// commit as the revision where it must be the same file for ever.
//
// The token is sent to the endpoint's own scheme, host and port and nowhere else,
// whatever redirects say. Addresses of bodies are secrets for as long as they are
// valid, so errors and logs show them without their query. Texts of a hub in errors
// are cut and escaped; those in [RepoInfo], [Refs], [File] and [Event] are as they
// came.
package hub
