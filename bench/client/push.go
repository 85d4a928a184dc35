package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar+gzip"
	ecr          = "AmazonEC2ContainerRegistry_V20150921."
)

// Push is of so many layers of random bytes, each the only one of its kind. With Image each comes with a config and a
// manifest under a tag of its own.
type Push struct {
	Way          string // "streamed", "whole", "posted", "chunked" or "parts"
	Size         int
	Chunk        int
	Count        int
	Image        bool
	Repositories []string // in turn
	Headers      map[string]string
}

// work is one thing to push, with all its bytes.
type work struct {
	repository string
	tag        string
	blobs      []blob
	manifest   []byte
}

type blob struct {
	content []byte
	digest  string
	parts   []string // bodies of UploadLayerPart but for the upload's id, for which they have a place
}

func (p *Push) run(clients int, open func() *connection) (*Report, error) {
	all := make([]work, p.Count)
	for number := range all {
		all[number] = p.make(number)
	}
	var next atomic.Int64
	return together(clients, open, true, func(_ int, connection *connection, notes *notes) {
		for {
			turn := int(next.Add(1)) - 1
			if turn >= len(all) {
				return
			}
			began := time.Now()
			notes.note(began, int64(p.Size), p.push(connection, &all[turn]))
		}
	}), nil
}

func (p *Push) make(number int) work {
	made := work{repository: p.Repositories[number%len(p.Repositories)], blobs: []blob{p.blob(random(p.Size))}}
	if p.Image {
		made.tag = fmt.Sprintf("t%d-%x", number, random(6))
		config := p.blob([]byte(fmt.Sprintf(`{"architecture":"amd64","os":"linux","config":{"Labels":{"n":"%x"}}}`, random(8))))
		made.blobs = append(made.blobs, config)
		made.manifest = manifest(config, made.blobs[0])
	}
	return made
}

func (p *Push) blob(content []byte) blob {
	made := blob{content: content, digest: "sha256:" + digest(content)}
	if p.Way == "parts" {
		for first := 0; first < len(content); first += p.Chunk {
			last := min(first+p.Chunk, len(content))
			made.parts = append(made.parts, fmt.Sprintf(`"partFirstByte":%d,"partLastByte":%d,"layerPartBlob":"%s"`,
				first, last-1, base64.StdEncoding.EncodeToString(content[first:last])))
		}
	}
	return made
}

func manifest(config, layer blob) []byte {
	descriptor := func(kind string, one blob) string {
		return fmt.Sprintf(`{"mediaType":"%s","digest":"%s","size":%d}`, kind, one.digest, len(one.content))
	}
	return []byte(fmt.Sprintf(`{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]}`,
		manifestType, descriptor(configType, config), descriptor(layerType, layer)))
}

func random(size int) []byte {
	made := make([]byte, size)
	rand.Read(made)
	return made
}

func (p *Push) push(c *connection, one *work) error {
	for number := range one.blobs {
		if err := p.pushBlob(c, one.repository, &one.blobs[number]); err != nil {
			return err
		}
	}
	if one.manifest == nil {
		return nil
	}
	if p.Way == "parts" {
		body, _ := json.Marshal(map[string]string{"repositoryName": one.repository,
			"imageManifest": string(one.manifest), "imageTag": one.tag})
		_, err := c.call("PutImage", body)
		return err
	}
	_, err := p.want(c, 201, "PUT", "/v2/"+one.repository+"/manifests/"+one.tag, one.manifest, "Content-Type", manifestType)
	return err
}

func (p *Push) pushBlob(c *connection, repository string, one *blob) error {
	if p.Way == "parts" {
		return pushParts(c, repository, one)
	}
	uploads := "/v2/" + repository + "/blobs/uploads/"
	if p.Way == "posted" {
		_, err := p.want(c, 201, "POST", withDigest(uploads, one.digest), one.content, "Content-Type", "application/octet-stream")
		return err
	}
	begun, err := p.want(c, 202, "POST", uploads, nil)
	if err != nil {
		return err
	}
	location, last := begun.location, one.content
	if p.Way != "whole" {
		if location, err = p.pieces(c, location, one.content); err != nil {
			return err
		}
		last = nil
	}
	_, err = p.want(c, 201, "PUT", withDigest(location, one.digest), last, "Content-Type", "application/octet-stream")
	return err
}

func (p *Push) pieces(c *connection, location string, content []byte) (string, error) {
	chunk := len(content)
	if p.Way == "chunked" {
		chunk = p.Chunk
	}
	for first := 0; first < len(content); first += chunk {
		last := min(first+chunk, len(content))
		headers := []string{"Content-Type", "application/octet-stream"}
		if p.Way == "chunked" {
			headers = append(headers, "Content-Range", strconv.Itoa(first)+"-"+strconv.Itoa(last-1))
		}
		got, err := p.want(c, 202, "PATCH", pathOf(location), content[first:last], headers...)
		if err != nil {
			return "", err
		}
		location = got.location
	}
	return location, nil
}

// want sends with the login and more headers, and takes one status only.
func (p *Push) want(c *connection, status int, method, path string, body []byte, more ...string) (answer, error) {
	headers := make(map[string]string, len(p.Headers)+len(more)/2)
	for name, value := range p.Headers {
		headers[name] = value
	}
	for number := 0; number < len(more); number += 2 {
		headers[more[number]] = more[number+1]
	}
	got, err := c.send(method, path, headers, body)
	if err == nil && got.status != status {
		err = fmt.Errorf("%s %s: status %d: %s", method, strings.SplitN(path, "?", 2)[0], got.status, got.start)
	}
	return got, err
}

func pushParts(c *connection, repository string, one *blob) error {
	where := fmt.Sprintf(`"repositoryName":"%s"`, repository)
	begun, err := c.call("InitiateLayerUpload", []byte("{"+where+"}"))
	if err != nil {
		return err
	}
	var found struct {
		UploadID string `json:"uploadId"`
	}
	if err := json.Unmarshal(begun, &found); err != nil {
		return err
	}
	where += fmt.Sprintf(`,"uploadId":"%s"`, found.UploadID)
	for _, part := range one.parts {
		if _, err := c.call("UploadLayerPart", []byte("{"+where+","+part+"}")); err != nil {
			return err
		}
	}
	_, err = c.call("CompleteLayerUpload", []byte("{"+where+`,"layerDigests":["`+one.digest+`"]}`))
	return err
}

func pathOf(location string) string {
	found, err := url.Parse(location)
	if err != nil {
		return location
	}
	return found.RequestURI()
}

func withDigest(location, digest string) string {
	path := pathOf(location)
	if strings.Contains(path, "?") {
		return path + "&digest=" + digest
	}
	return path + "?digest=" + digest
}
