//! Modern Standard Arabic, from right to left, with the digits of the rest of the page. Names of applications follow a
//! noun ("the application {}"), since they take no article and no ending.

use grantor_protocol::CivilTime;

use super::counted::{Amount, month};
use super::table::{ScopeText, Sentence, Texts};

pub(super) const TEXTS: Texts = Texts {
    reference: "الرمز المرجعي",
    comma: "، ",
    opens_new_tab: "(يُفتح في علامة تبويب جديدة)",
    cancel: "إلغاء",
    error_prefix: "خطأ:",

    login_title: "تسجيل الدخول",
    login_lead: Sentence("للمتابعة إلى {}"),
    login_again_title: "تأكيد هويتك",
    login_again_lead: Sentence("يطلب تطبيق {} تسجيل الدخول مرة أخرى قبل المتابعة."),
    login_signed_in_as: "تم تسجيل الدخول باسم",
    login_username: "اسم المستخدم",
    login_password: "كلمة المرور",
    login_remember: "إبقاء تسجيل الدخول على هذا الجهاز",
    login_recovery: "هل نسيت كلمة المرور؟",
    login_submit: "تسجيل الدخول",
    login_wrong: "اسم المستخدم وكلمة المرور غير متطابقين. يُرجى التحقق منهما والمحاولة مرة أخرى.",
    login_too_many: |seconds| {
        let wait = counted(Amount::wait(seconds));
        format!("محاولات كثيرة جدًا. يُرجى الانتظار {wait} ثم المحاولة مرة أخرى.")
    },
    client_policy: "سياسة الخصوصية",
    client_terms: "شروط الخدمة",
    client_links: Sentence("معلومات عن {}"),

    select_title: "اختيار حساب",
    select_lead: Sentence("للمتابعة إلى {}"),
    select_another: "استخدام حساب آخر",

    consent_title: Sentence("هل تسمح لتطبيق {} بالوصول إلى حسابك؟"),
    consent_account: "بالحساب",
    consent_lead: "سيتمكن هذا التطبيق من:",
    consent_nothing: "معرفة أنه تم تسجيل دخولك، ولا شيء غير ذلك.",
    claim_name: "الاطلاع على اسمك الكامل",
    claim_given_name: "الاطلاع على اسمك الأول",
    claim_family_name: "الاطلاع على اسم عائلتك",
    claim_middle_name: "الاطلاع على اسمك الأوسط",
    claim_nickname: "الاطلاع على لقبك",
    claim_preferred_username: "الاطلاع على اسم المستخدم الخاص بك",
    claim_profile: "الاطلاع على عنوان صفحة ملفك الشخصي",
    claim_picture: "الاطلاع على صورتك",
    claim_website: "الاطلاع على عنوان موقعك الإلكتروني",
    claim_gender: "الاطلاع على جنسك",
    claim_birthdate: "الاطلاع على تاريخ ميلادك",
    claim_zoneinfo: "الاطلاع على منطقتك الزمنية",
    claim_locale: "الاطلاع على لغتك",
    claim_updated_at: "معرفة تاريخ آخر تعديل في حسابك",
    claim_email: "الاطلاع على عنوان بريدك الإلكتروني",
    claim_email_verified: "معرفة ما إذا كان بريدك الإلكتروني مؤكدًا",
    claim_address: "الاطلاع على عنوانك البريدي",
    claim_phone_number: "الاطلاع على رقم هاتفك",
    claim_phone_number_verified: "معرفة ما إذا كان رقم هاتفك مؤكدًا",
    consent_names: "حيث لا يظهر سوى اسم، فإن التطبيق هو الذي اختاره. لا تسمح به إلا إذا كنت تتوقعه.",
    consent_audience: "يسري هذا الوصول لدى",
    consent_returns_to: Sentence("ستعود بعد ذلك إلى {}."),
    consent_this_device: "تطبيق على هذا الجهاز",
    consent_unverified: "سجّل هذا التطبيق نفسه بنفسه، ولم يتحقق أحد من اسمه أو شعاره. لا تتابع إلا إذا \
        كنت تستخدمه الآن.",
    consent_remembered: "إذا سمحت بذلك، فلن تُسأل عن الوصول نفسه مرة أخرى.",
    consent_accept: "السماح",
    consent_deny: "عدم السماح",
    scope_openid: ScopeText { title: "التعرّف عليك", detail: "بمعرّف خاص بحسابك" },
    scope_profile: ScopeText {
        title: "الاطلاع على ملفك الشخصي", detail: "مثل اسمك وصورتك ولغتك"
    },
    scope_email: ScopeText {
        title: "الاطلاع على عنوان بريدك الإلكتروني", detail: "وما إذا كان مؤكدًا"
    },
    scope_address: ScopeText {
        title: "الاطلاع على عنوانك البريدي", detail: "كما هو مسجّل في حسابك"
    },
    scope_phone: ScopeText {
        title: "الاطلاع على رقم هاتفك", detail: "وما إذا كان مؤكدًا"
    },
    scope_offline: ScopeText {
        title: "البقاء على اتصال", detail: "الاحتفاظ بهذا الوصول أثناء غيابك"
    },

    account_title: "حسابك",
    account_login_lead: "لإدارة حسابك",
    account_again_lead: "يُرجى إدخال كلمة المرور قبل إجراء أي تغيير.",
    account_switch: "حسابات أخرى في هذا المتصفح",
    account_sessions: "الأجهزة المسجّل الدخول عليها",
    account_this_browser: "هذا المتصفح",
    account_device: |browser, system| format!("{browser} على {system}"),
    account_unknown_device: "جهاز غير معروف",
    account_signed_in: Sentence("تسجيل الدخول في {}"),
    account_last_seen: Sentence("آخر نشاط {}"),
    account_end_session: "تسجيل الخروج",
    account_end_others: "تسجيل الخروج من كل الأجهزة الأخرى",
    account_more_sessions: "عرض الأقدم",
    account_apps: "التطبيقات المرتبطة",
    account_apps_lead: "يمكن لهذه التطبيقات استخدام حسابك. وإذا ألغيت ربط تطبيق، فعليه أن يطلب موافقتك \
        من جديد.",
    account_no_apps: "لا يمكن لأي تطبيق استخدام حسابك.",
    account_since: Sentence("مرتبط منذ {}"),
    account_last_used: Sentence("آخر استخدام {}"),
    account_away: "الاحتفاظ بهذا الوصول أثناء غيابك",
    account_disconnect: "إلغاء الربط",
    account_more_apps: "عرض المزيد من التطبيقات",
    account_password: "كلمة المرور",
    account_password_lead: "عند تغييرها يتم تسجيل خروجك من كل الأجهزة الأخرى. وعلى التطبيقات التي ربطتها \
        هناك أن تطلب الوصول من جديد.",
    account_current_password: "كلمة المرور الحالية",
    account_new_password: "كلمة المرور الجديدة",
    account_new_password_hint: "8 أحرف على الأقل",
    account_change_password: "تغيير كلمة المرور",
    account_session_ended: "تم تسجيل خروجك من هناك.",
    account_session_gone: "كان قد تم تسجيل خروجك من هناك من قبل.",
    account_others_ended: "تم تسجيل خروجك من كل الأجهزة الأخرى.",
    account_disconnected: "أُلغي ربط التطبيق ولم يعد بإمكانه استخدام حسابك.",
    account_password_changed: "تم تغيير كلمة المرور، وتم تسجيل خروجك من كل الأجهزة الأخرى.",
    account_confirmed: "شكرًا لك. يمكنك الآن إجراء التغييرات.",
    account_wrong_password: "هذه ليست كلمة المرور الحالية. لم يتغير شيء.",
    account_short_password: "كلمة المرور الجديدة قصيرة جدًا. يُرجى اختيار كلمة من 8 أحرف على الأقل.",
    account_long_password: "كلمة المرور الجديدة طويلة جدًا. يُرجى اختيار كلمة أقصر.",
    date,
    ago,

    logout_title: "هل تريد تسجيل الخروج؟",
    logout_account: "تم تسجيل الدخول باسم",
    logout_lead: "ستحتاج إلى تسجيل الدخول مجددًا عند استخدام حسابك هنا في المرة القادمة.",
    logout_asked: Sentence("يطلب تطبيق {} تسجيل خروجك."),
    logout_confirm: "تسجيل الخروج",
    logout_cancel: "متابعة الجلسة",

    logged_out_title: "تم تسجيل خروجك",
    logged_out_lead: "يمكنك إغلاق هذه النافذة.",
    front_channel_lead: "نقوم بإبلاغ التطبيقات التي استخدمتها. يستغرق ذلك لحظات.",
    front_channel_continue: "متابعة",
    logged_out_stayed_title: "لم يتم تسجيل خروجك",
    logged_out_stayed_lead: "لم يتغير شيء. يمكنك إغلاق هذه النافذة.",
    continue_to: Sentence("المتابعة إلى {}"),

    error_title: "تعذّرت المتابعة",
    error_code: "رمز الخطأ",
    error_help: "إذا احتجت إلى مساعدة، فيُرجى ذكر رمز الخطأ والرمز المرجعي.",
    error_app_unknown: "التطبيق الذي أرسلك إلى هنا غير معروف لدينا. يُرجى العودة إليه والمحاولة مرة أخرى، \
        أو التواصل مع الجهة المسؤولة عنه.",
    error_bad_return: "طلب التطبيق الذي أرسلك إلى هنا توجيهك إلى عنوان لم يسجّله لدينا. وقد توقفنا حفاظًا \
        على سلامتك.",
    error_bad_request: "أرسل التطبيق الذي جئت منه طلبًا لا نفهمه. يُرجى العودة إليه والمحاولة مرة أخرى.",
    error_expired: "ظلّت هذه الصفحة مفتوحة وقتًا طويلًا، أو اكتملت من قبل. يُرجى العودة إلى التطبيق والبدء \
        من جديد.",
    error_other_browser: "فُتحت هذه الصفحة في متصفح آخر أو نافذة أخرى. يُرجى العودة إلى التطبيق والبدء من \
        جديد هنا.",
    error_not_yours: "لم نتمكن من التأكد من أن هذا الطلب صادر عنك. يُرجى العودة إلى التطبيق والبدء من \
        جديد.",
    error_cookies: "لا يقبل متصفحك ملفات تعريف الارتباط الخاصة بنا، ولا يمكن تسجيل الدخول من دونها. يُرجى \
        السماح بها لهذا الموقع والمحاولة مرة أخرى.",
    error_busy: "لا يمكن تنفيذ ذلك الآن. يُرجى الانتظار قليلًا ثم المحاولة مرة أخرى؛ لم يُفقد شيء.",
    error_not_found: "لا توجد صفحة على هذا العنوان.",
    error_server: "حدث خطأ من جانبنا. يُرجى المحاولة مرة أخرى؛ وإذا تكرر الخطأ، فيُرجى إبلاغنا بالرمز \
        المرجعي.",

    form_post_title: "جارٍ إعادتك إلى التطبيق",
    form_post_lead: Sentence("ستعود إلى {}."),
    form_post_submit: "متابعة",
};

const MONTHS: [&str; 12] = [
    "يناير",
    "فبراير",
    "مارس",
    "أبريل",
    "مايو",
    "يونيو",
    "يوليو",
    "أغسطس",
    "سبتمبر",
    "أكتوبر",
    "نوفمبر",
    "ديسمبر",
];

fn date(at: CivilTime) -> String {
    format!("{} {} {}", at.day, month(&MONTHS, at), at.year)
}

/// One, two, three to ten, eleven to ninety-nine and whole hundreds each have a form of their own; from a hundred on the
/// last two digits decide.
fn counted(amount: Amount) -> String {
    let (number, [one, two, few, many, hundred]) = match amount {
        Amount::Seconds(number) => (number, ["ثانية واحدة", "ثانيتين", "ثوانٍ", "ثانية", "ثانية"]),
        Amount::Minutes(number) => (number, ["دقيقة واحدة", "دقيقتين", "دقائق", "دقيقة", "دقيقة"]),
        Amount::Hours(number) => (number, ["ساعة واحدة", "ساعتين", "ساعات", "ساعة", "ساعة"]),
        Amount::Days(number) => (number, ["يوم واحد", "يومين", "أيام", "يومًا", "يوم"]),
    };
    match (number, number % 100) {
        (1, _) => one.to_owned(),
        (2, _) => two.to_owned(),
        (_, 3..=10) => format!("{number} {few}"),
        (_, 11..=99) => format!("{number} {many}"),
        (_, _) => format!("{number} {hundred}"),
    }
}

fn ago(seconds: i64) -> String {
    Amount::passed(seconds)
        .map_or_else(|| "قبل لحظات".to_owned(), |amount| format!("قبل {}", counted(amount)))
}
