"""The test is the browser of these relying parties: it is told where to go, and says where it arrived."""

import json


def visit(url):
    print(json.dumps({"visit": url}), flush=True)
    return json.loads(input())["arrived"]


def conclude(result):
    print(json.dumps({"result": result}), flush=True)
