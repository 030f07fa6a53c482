"""Is healthy while what provisions Grafana is where Grafana looks for it, and the home dashboard is JSON."""
import glob
import http.server
import json
import os

DATA_SOURCES = "/etc/grafana/provisioning/datasources/*.yml"
DASHBOARDS = "/etc/grafana/provisioning/dashboards/*.yml"


def page():
    if not glob.glob(DATA_SOURCES) or not glob.glob(DASHBOARDS):
        raise FileNotFoundError("nothing is provisioned")
    with open(os.environ["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]) as file:
        return json.load(file)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            status, body = 200, {"database": "ok"} if self.path == "/api/health" else page()
            page()
        except Exception as error:
            status, body = 500, {"error": str(error)}
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


http.server.ThreadingHTTPServer(("0.0.0.0", 3000), Handler).serve_forever()
