package logtest

// What requests say: texts of the lengths that real ones have. # in a target is a place that varies. None has a character that a log
// format would escape.
var (
	pages = []string{
		"/", "/", "/", "/favicon.ico", "/robots.txt", "/login", "/account/orders", "/cart",
		"/static/js/app.########.js", "/static/js/vendor.########.chunk.js", "/static/css/main.########.css",
		"/static/fonts/inter-latin-600-normal.########.woff2", "/images/products/2025/##/garden-chair-teak-####-640x480.webp",
		"/images/products/2025/##/table-oak-####.webp?w=640&q=75", "/images/logo.svg", "/images/banners/spring-####.webp",
		"/products/garden/chairs?page=#", "/products/garden/chairs/teak-folding-chair-####", "/products/kitchen/tables/extendable-oak-table-####",
		"/blog/2025/how-to-oil-teak-furniture-before-the-winter", "/blog/2025/choosing-a-table-for-small-rooms?utm_source=newsletter&utm_medium=email&utm_campaign=##",
		"/api/v1/items/######", "/api/v1/cart", "/api/v1/search/suggest?q=tea####", "/api/v2/stock?sku=##-####-###&warehouse=#",
		"/search?q=blue+table&from=##&sort=price&dir=asc", "/feed.xml", "/sitemap-##.xml",
	}
	probes = []string{
		"/.env", "/.git/config", "/wp-login.php", "/wp-login.php", "/xmlrpc.php", "/wp-content/plugins/hellopress/wp_filemanager.php",
		"/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", "/phpmyadmin/index.php?lang=en", "/cgi-bin/luci/;stok=/locale?form=country&operation=write",
		"/api/v1/login", "/api/v1/users?id=1%27%20OR%20#=#", "/admin/", "/actuator/health", "/boaform/admin/formLogin?username=user&psd=####", "/.aws/credentials",
	}
	referers = []string{
		"https://www.example.com/", "https://www.example.com/products/garden/chairs", "https://www.example.com/products/kitchen/tables",
		"https://www.google.com/", "https://www.example.com/blog/2025/how-to-oil-teak-furniture-before-the-winter", "https://duckduckgo.com/",
	}
	browsers = []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
		"Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36",
		"Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0",
		"Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0",
		"ExampleShop/4.2.1 (iPhone14,5; iOS 17.6.1) CFNetwork/1568.200.51", "ExampleShop/4.2.0 okhttp/4.12.0",
	}
	crawlers = []string{
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
		"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
		"Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
		"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
	}
	scanners = []string{
		"Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:003583)", "sqlmap/1.7.2#stable (https://sqlmap.org)", "gobuster/3.6",
		"Mozilla/5.0 zgrab/0.x", "masscan/1.3 (https://github.com/robertdavidgraham/masscan)", "Nuclei - Open-source project (github.com/projectdiscovery/nuclei)",
	}
	scripts = []string{"python-requests/2.32.3", "Go-http-client/1.1", "curl/8.5.0", "okhttp/4.12.0", ""}
)

const (
	caddyHeaders = `"],"Accept":["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],"Accept-Language":["en-US,en;q=0.5"],"Accept-Encoding":["gzip, deflate, br"],`
	caddyMiddle  = `"Sec-Fetch-Mode":["navigate"],"Cookie":["REDACTED"]},"tls":{"resumed":false,"version":772,"cipher_suite":4865,"proto":"h2","server_name":"www.example.com"}},"bytes_read":0,"user_id":"","duration":0.000412701,"size":`
	caddyEnd     = `,"resp_headers":{"Server":["Caddy"],"Content-Type":["text/html; charset=utf-8"],"Alt-Svc":["h3=\":443\"; ma=2592000"]}}` + "\n"
)
