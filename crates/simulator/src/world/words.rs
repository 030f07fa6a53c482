//! Words of our own in many scripts, and the small invented facts that posts are made of.

/// A language: X's `lang` code and some words.
pub(crate) type Language = (&'static str, &'static [&'static str]);

pub(crate) const LANGUAGES: [Language; 14] = [
    (
        "en",
        &[
            "harbour", "the", "lantern", "walked", "under", "a", "quiet", "bridge", "and", "tomorrow", "we",
            "bake", "bread", "again",
        ],
    ),
    (
        "es",
        &[
            "mañana", "el", "río", "canción", "pequeña", "lluvia", "camino", "señal", "jardín", "también",
            "corazón", "lejos",
        ],
    ),
    (
        "pt",
        &[
            "amanhã",
            "coração",
            "não",
            "estação",
            "chuva",
            "avó",
            "viagem",
            "feijão",
            "depois",
            "irmã",
            "saudade",
            "rua",
        ],
    ),
    (
        "fr",
        &[
            "déjà", "le", "fenêtre", "château", "été", "là-bas", "garçon", "œuf", "naïf", "rivière", "forêt",
            "lumière",
        ],
    ),
    (
        "de",
        &[
            "Straße", "grün", "Bäcker", "über", "Wolke", "schön", "Brücke", "Mädchen", "heute", "Fluss",
            "Käse", "Turm",
        ],
    ),
    (
        "tr",
        &[
            "güneş", "ışık", "çiçek", "şehir", "yağmur", "kuş", "ağaç", "deniz", "köprü", "öğle", "kış",
            "yol",
        ],
    ),
    (
        "ja",
        &[
            "桜",
            "電車",
            "今日は",
            "雨が",
            "降る",
            "海辺の",
            "灯台",
            "ありがとう",
            "パン屋",
            "夕方",
            "静かな",
            "歩く",
        ],
    ),
    (
        "ko",
        &[
            "바다",
            "오늘은",
            "비가",
            "온다",
            "등대",
            "조용한",
            "다리",
            "아침",
            "빵집",
            "고양이",
            "걷는다",
            "별빛",
        ],
    ),
    (
        "zh",
        &[
            "灯塔", "今天", "下雨", "桥下", "安静", "明天", "面包", "河边", "散步", "春天", "月亮", "朋友",
        ],
    ),
    (
        "ru",
        &[
            "мост",
            "сегодня",
            "дождь",
            "фонарь",
            "тихий",
            "берег",
            "хлеб",
            "завтра",
            "песня",
            "дорога",
            "ёлка",
            "снег",
        ],
    ),
    (
        "ar",
        &[
            "البحر",
            "اليوم",
            "مطر",
            "جسر",
            "هادئ",
            "خبز",
            "صباح",
            "طريق",
            "مدينة",
            "شجرة",
            "نجمة",
            "غداً",
        ],
    ),
    (
        "he",
        &[
            "גשר",
            "היום",
            "גשם",
            "שקט",
            "לחם",
            "מחר",
            "דרך",
            "ים",
            "עיר",
            "כוכב",
            "בוקר",
            "מנורה",
        ],
    ),
    (
        "hi",
        &[
            "पुल",
            "आज",
            "बारिश",
            "शांत",
            "रोटी",
            "कल",
            "रास्ता",
            "समुद्र",
            "शहर",
            "तारा",
            "सुबह",
            "दीपक",
        ],
    ),
    (
        "th",
        &[
            "สะพาน",
            "วันนี้",
            "ฝนตก",
            "เงียบ",
            "ขนมปัง",
            "พรุ่งนี้",
            "ทะเล",
            "เมือง",
            "ดวงดาว",
            "เช้า",
            "โคมไฟ",
            "เดิน",
        ],
    ),
];

pub(crate) const EMOJI: [&str; 10] = ["🐦", "🌊", "🔥", "👩‍🚀", "🇳🇴", "❤️", "👍🏽", "🥖", "😀", "🏮"];

pub(crate) const NAMES: [&str; 12] = [
    "Mira Holm",
    "Tomás Água",
    "灯台もと",
    "Юля Б.",
    "ليلى",
    "Old Mill Bakery",
    "k e s t r e l",
    "Núria 🌊",
    "Jonas \"Jo\" Berg",
    "바다지기",
    "harbour/news",
    "नदी",
];

pub(crate) const TAGS: [&str; 10] = [
    "harbour",
    "slowtravel",
    "밤바다",
    "灯台",
    "خبز",
    "open_source",
    "RainyDay",
    "marché",
    "мосты",
    "bread2night",
];

pub(crate) const SOURCES: [&str; 5] = [
    "Twitter for iPhone",
    "Twitter for Android",
    "Twitter Web App",
    "Harbour Bot",
    "TideTable, the app",
];

/// (id, name, description) of a domain and of one of its entities: invented.
pub(crate) const TOPICS: [(&str, &str, &str, &str, &str, &str); 8] = [
    (
        "910",
        "Harbour",
        "Places where ships rest, small and large",
        "770000000000000001",
        "Port of Elsewhere",
        "A port that is on no map",
    ),
    (
        "911",
        "Bakery Item",
        "Things that come out of an oven in the morning",
        "770000000000000002",
        "Rye Loaf",
        "Dark bread of the northern coast",
    ),
    (
        "912",
        "Weather Mood",
        "How the sky feels today, in one or two words",
        "770000000000000003",
        "Drizzle",
        "Rain that cannot decide",
    ),
    (
        "913",
        "Bridge",
        "Ways across water, from planks to steel",
        "770000000000000004",
        "Pont des Bêtes",
        "A bridge for cats and foxes",
    ),
    (
        "914",
        "Imaginary Club",
        "Clubs that nobody has founded as yet",
        "770000000000000005",
        "Lamplighters United",
        "Football without a ball, at dusk",
    ),
    (
        "915",
        "Music Genre",
        "Kinds of songs sung by the sea",
        "770000000000000006",
        "Fog Folk",
        "Slow songs with a horn",
    ),
    (
        "916",
        "Vessel",
        "Everything that floats on purpose",
        "770000000000000007",
        "MV Patience",
        "Ferry of 1932, still late",
    ),
    (
        "917",
        "Author",
        "People who write, alive or not, none of them real",
        "770000000000000008",
        "I. M. Maginary",
        "Writer of the unwritten trilogy",
    ),
];

pub(crate) const HOSTS: [&str; 4] = [
    "tide-tables.example",
    "news.harbour.example",
    "пример.example",
    "rye-and-salt.example",
];

pub(crate) const PLACES: [(&str, &str, &str); 4] = [
    ("Tromsø", "Norway", "NO"),
    ("Cádiz", "España", "ES"),
    ("函館市", "日本", "JP"),
    ("Valparaíso", "Chile", "CL"),
];
