//! The two nginx: the upstream, which checks what it gets and answers at once, and the bare proxy that Overkey is held against.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::process::Running;
use crate::requests::{EVENTS, LEGACY, MODERN, SESSION, Way, event, small_answer};

/// Debian's `libnginx-mod-http-echo`: it sends the events of a stream one by one, and keeps an idle one open.
const ECHO: &str = "/usr/lib/nginx/modules/ngx_http_echo_module.so";
/// For Overkey's upstream connections while a thousand streams are open, and the proxy's beside them.
const CONNECTIONS: usize = 8192;

/// Answers `/mcp` if the credential is one of ours, else 401.
pub fn upstream(folder: &Path, address: SocketAddr) -> Result<Running> {
    let events: String = (1..=EVENTS)
        .map(|number| format!("echo -n {};\necho_flush;\n", quoted(&event(number, SEEN))))
        .collect();
    let server = format!(
        r#"
    map $http_authorization $known {{ default 0; "~^Bearer sk-bench-[0-9]+-[0-9]+$" 1; }}
    map $http_authorization $seen {{ default ""; "~^Bearer (?<credential>.+)$" $credential; }}
    # Which answer: small, in its session; streamed; a new session; the stream of a session.
    map "$known $request_method $http_mcp_protocol_version $http_mcp_name $http_mcp_session_id" $answer {{
        default 404;
        "~^0 " 401;
        "1 POST {MODERN} echo " 200;
        "1 POST {MODERN} count " 481;
        "1 POST {LEGACY}  {SESSION}" 200;
        "1 POST   " 482;
        "1 GET {LEGACY}  {SESSION}" 483;
    }}
    server {{
        listen {address} backlog=4096;
        error_page 481 = @streamed;
        error_page 482 = @begun;
        error_page 483 = @idle;
        location = /mcp {{
            default_type application/json;
            if ($answer = 401) {{ return 401; }}
            if ($answer = 404) {{ return 404; }}
            if ($answer = 481) {{ return 481; }}
            if ($answer = 482) {{ return 482; }}
            if ($answer = 483) {{ return 483; }}
            return 200 {small};
        }}
        location @begun {{
            default_type application/json;
            add_header Mcp-Session-Id {SESSION};
            return 200 '{{"jsonrpc":"2.0","id":1,"result":{{"protocolVersion":"{LEGACY}","capabilities":{{"tools":{{}}}},"serverInfo":{{"name":"bench","version":"1"}}}}}}';
        }}
        location @streamed {{
            default_type text/event-stream;
            {events}
        }}
        location @idle {{
            default_type text/event-stream;
            echo -n ": open\n\n";
            echo_flush;
            echo_sleep 3600;
        }}
    }}"#,
        small = quoted(&small_answer(SEEN)),
    );
    start("nginx, the upstream", &folder.join("upstream"), &server, address)
}

const SEEN: &str = "$seen";

/// What somebody would write by hand instead of running a gateway: gateway token in, upstream credential out.
pub fn proxy(folder: &Path, address: SocketAddr, upstream: SocketAddr, ways: &[Way]) -> Result<Running> {
    let tokens: String = ways
        .iter()
        .map(|way| format!("\"Bearer {}\" \"Bearer {}\";\n", way.token, way.credential))
        .collect();
    let server = format!(
        r#"
    map_hash_max_size 65536;
    map_hash_bucket_size 256;
    map $http_authorization $credential {{ default ""; include tokens.map; }}
    upstream bench {{ server {upstream}; keepalive 1024; keepalive_requests 1000000000; keepalive_timeout 1h; }}
    server {{
        listen {address} backlog=4096;
        location /mcp/ {{
            if ($credential = "") {{ return 401; }}
            rewrite ^ /mcp break;
            proxy_pass http://bench;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Authorization $credential;
            proxy_buffering off;
            proxy_read_timeout 1h;
        }}
    }}"#
    );
    let folder = folder.join("proxy");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("tokens.map"), tokens)?;
    start("nginx, the proxy", &folder, &server, address)
}

fn start(name: &'static str, folder: &Path, http: &str, address: SocketAddr) -> Result<Running> {
    fs::create_dir_all(folder)?;
    let config = folder.join("nginx.conf");
    let load = if Path::new(ECHO).exists() {
        format!("load_module {ECHO};")
    } else {
        String::new()
    };
    let places: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {}/{kind};\n", folder.display()))
        .concat();
    let text = format!(
        "{load}\ndaemon off;\nworker_processes 1;\nworker_rlimit_nofile 20000;\npid {folder}/pid;\nerror_log {folder}/error.log;\n\
         events {{ worker_connections {CONNECTIONS}; }}\nhttp {{\n{places}access_log off;\ntcp_nodelay on;\n\
         keepalive_requests 1000000000;\nkeepalive_timeout 1h;\n{http}\n}}\n",
        folder = folder.display(),
    );
    fs::write(&config, text)?;
    let log = folder.join("output.log");
    let mut command = Command::new(program()?);
    command
        .arg("-p")
        .arg(folder)
        .arg("-c")
        .arg(&config)
        .arg("-e")
        .arg(folder.join("error.log"));
    Running::start(name, &mut command, address, &log)
}

fn program() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = folders.map(|folder| folder.join("nginx")).find(|file| file.is_file());
    found.context("nginx is missing: install it with `apt-get install nginx libnginx-mod-http-echo`")
}

/// Its version, as it says it.
pub fn version() -> String {
    let output = program()
        .ok()
        .and_then(|program| Command::new(program).arg("-v").output().ok());
    let text = output
        .map(|output| String::from_utf8_lossy(&output.stderr).into_owned())
        .unwrap_or_default();
    text.trim().trim_start_matches("nginx version: ").to_owned()
}

/// A word of nginx' configuration.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
