def test_dev(server, front):
    server.write_notebook("seven.ipynb", ["x = 1"], kernel="python3")
    front.page.route("**/extensions/jupyter-guard/**", lambda r: r.abort())
    front.page.goto(f"{server.url}/notebooks/seven.ipynb?token={server.token}")
    front.page.wait_for_timeout(8000)
    print("ERR", front.errors())
