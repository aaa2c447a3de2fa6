-- Whose a short link domain is, asked at each visit: one workspace's alone.
create index workspaces_by_short_link_domain on workspaces using gin ((settings -> 'shortLinkDomains'));
