//! Modern Standard Arabic, from right to left, with the digits of the rest of the page. Names of applications follow a
//! noun ("the application {}"), since they take no article and no ending.

use grantor_protocol::CivilTime;

use super::grammar::{Amount, Inflection, month};
use super::table::{Texts, text};

pub(super) const TEXTS: Texts = Texts {
    reference: text("الرمز المرجعي"),
    comma: text("، "),
    opens_new_tab: text("(يُفتح في علامة تبويب جديدة)"),
    cancel: text("إلغاء"),
    error_prefix: text("خطأ:"),
    footer_terms: text("شروط الخدمة"),
    footer_privacy: text("سياسة الخصوصية"),
    footer_imprint: text("إشعار قانوني"),
    footer_support: text("المساعدة"),

    login_title: text("تسجيل الدخول"),
    login_lead: text("للمتابعة إلى {client}"),
    login_again_title: text("تأكيد هويتك"),
    login_again_lead: text("يطلب تطبيق {client} تسجيل الدخول مرة أخرى قبل المتابعة."),
    login_signed_in_as: text("تم تسجيل الدخول باسم"),
    login_username: text("اسم المستخدم"),
    login_password: text("كلمة المرور"),
    login_remember: text("إبقاء تسجيل الدخول على هذا الجهاز"),
    login_recovery: text("هل نسيت كلمة المرور؟"),
    login_submit: text("تسجيل الدخول"),
    login_wrong: text("اسم المستخدم وكلمة المرور غير متطابقين. يُرجى التحقق منهما والمحاولة مرة أخرى."),
    login_too_many: text("محاولات كثيرة جدًا. يُرجى الانتظار {wait} ثم المحاولة مرة أخرى."),
    client_policy: text("سياسة الخصوصية"),
    client_terms: text("شروط الخدمة"),
    client_links: text("معلومات عن {client}"),

    select_title: text("اختيار حساب"),
    select_lead: text("للمتابعة إلى {client}"),
    select_another: text("استخدام حساب آخر"),

    consent_title: text("هل تسمح لتطبيق {client} بالوصول إلى حسابك؟"),
    consent_account: text("بالحساب"),
    consent_lead: text("سيتمكن هذا التطبيق من:"),
    consent_nothing: text("معرفة أنه تم تسجيل دخولك، ولا شيء غير ذلك."),
    claim_name: text("الاطلاع على اسمك الكامل"),
    claim_given_name: text("الاطلاع على اسمك الأول"),
    claim_family_name: text("الاطلاع على اسم عائلتك"),
    claim_middle_name: text("الاطلاع على اسمك الأوسط"),
    claim_nickname: text("الاطلاع على لقبك"),
    claim_preferred_username: text("الاطلاع على اسم المستخدم الخاص بك"),
    claim_profile: text("الاطلاع على عنوان صفحة ملفك الشخصي"),
    claim_picture: text("الاطلاع على صورتك"),
    claim_website: text("الاطلاع على عنوان موقعك الإلكتروني"),
    claim_gender: text("الاطلاع على جنسك"),
    claim_birthdate: text("الاطلاع على تاريخ ميلادك"),
    claim_zoneinfo: text("الاطلاع على منطقتك الزمنية"),
    claim_locale: text("الاطلاع على لغتك"),
    claim_updated_at: text("معرفة تاريخ آخر تعديل في حسابك"),
    claim_email: text("الاطلاع على عنوان بريدك الإلكتروني"),
    claim_email_verified: text("معرفة ما إذا كان بريدك الإلكتروني مؤكدًا"),
    claim_address: text("الاطلاع على عنوانك البريدي"),
    claim_phone_number: text("الاطلاع على رقم هاتفك"),
    claim_phone_number_verified: text("معرفة ما إذا كان رقم هاتفك مؤكدًا"),
    consent_names: text("حيث لا يظهر سوى اسم، فإن التطبيق هو الذي اختاره. لا تسمح به إلا إذا كنت تتوقعه."),
    consent_audience: text("يسري هذا الوصول لدى"),
    consent_returns_to: text("ستعود بعد ذلك إلى {place}."),
    consent_this_device: text("تطبيق على هذا الجهاز"),
    consent_unverified: text(
        "سجّل هذا التطبيق نفسه بنفسه، ولم يتحقق أحد من اسمه أو شعاره. لا تتابع إلا إذا \
        كنت تستخدمه الآن.",
    ),
    consent_remembered: text("إذا سمحت بذلك، فلن تُسأل عن الوصول نفسه مرة أخرى."),
    consent_accept: text("السماح"),
    consent_deny: text("عدم السماح"),
    scope_openid: text("التعرّف عليك"),
    scope_openid_detail: text("بمعرّف خاص بحسابك"),
    scope_profile: text("الاطلاع على ملفك الشخصي"),
    scope_profile_detail: text("مثل اسمك واسم المستخدم وصورتك ولغتك"),
    scope_email: text("الاطلاع على عنوان بريدك الإلكتروني"),
    scope_email_detail: text("وما إذا كان مؤكدًا"),
    scope_address: text("الاطلاع على عنوانك البريدي"),
    scope_address_detail: text("كما هو مسجّل في حسابك"),
    scope_phone: text("الاطلاع على رقم هاتفك"),
    scope_phone_detail: text("وما إذا كان مؤكدًا"),
    scope_offline: text("البقاء على اتصال"),
    scope_offline_detail: text("الاحتفاظ بهذا الوصول أثناء غيابك"),

    account_title: text("حسابك"),
    account_login_lead: text("لإدارة حسابك"),
    account_again_lead: text("يُرجى إدخال كلمة المرور قبل إجراء أي تغيير."),
    account_switch: text("حسابات أخرى في هذا المتصفح"),
    account_sessions: text("الأجهزة المسجّل الدخول عليها"),
    account_this_browser: text("هذا المتصفح"),
    account_unknown_device: text("جهاز غير معروف"),
    account_signed_in: text("تسجيل الدخول في {date}"),
    account_last_seen: text("آخر نشاط {time}"),
    account_end_session: text("تسجيل الخروج"),
    account_end_others: text("تسجيل الخروج من كل الأجهزة الأخرى"),
    account_more_sessions: text("عرض الأقدم"),
    account_apps: text("التطبيقات المرتبطة"),
    account_apps_lead: text(
        "يمكن لهذه التطبيقات استخدام حسابك. وإذا ألغيت ربط تطبيق، فعليه أن يطلب موافقتك \
        من جديد.",
    ),
    account_no_apps: text("لا يمكن لأي تطبيق استخدام حسابك."),
    account_since: text("مرتبط منذ {date}"),
    account_last_used: text("آخر استخدام {time}"),
    account_away: text("الاحتفاظ بهذا الوصول أثناء غيابك"),
    account_disconnect: text("إلغاء الربط"),
    account_more_apps: text("عرض المزيد من التطبيقات"),
    account_password: text("كلمة المرور"),
    account_password_lead: text(
        "عند تغييرها يتم تسجيل خروجك من كل الأجهزة الأخرى. وعلى التطبيقات التي ربطتها \
        هناك أن تطلب الوصول من جديد.",
    ),
    account_current_password: text("كلمة المرور الحالية"),
    account_new_password: text("كلمة المرور الجديدة"),
    account_new_password_hint: text("8 أحرف على الأقل"),
    account_change_password: text("تغيير كلمة المرور"),
    account_session_ended: text("تم تسجيل خروجك من هناك."),
    account_session_gone: text("كان قد تم تسجيل خروجك من هناك من قبل."),
    account_others_ended: text("تم تسجيل خروجك من كل الأجهزة الأخرى."),
    account_disconnected: text("أُلغي ربط التطبيق ولم يعد بإمكانه استخدام حسابك."),
    account_password_changed: text("تم تغيير كلمة المرور، وتم تسجيل خروجك من كل الأجهزة الأخرى."),
    account_confirmed: text("شكرًا لك. يمكنك الآن إجراء التغييرات."),
    account_wrong_password: text("هذه ليست كلمة المرور الحالية. لم يتغير شيء."),
    account_short_password: text("كلمة المرور الجديدة قصيرة جدًا. يُرجى اختيار كلمة من 8 أحرف على الأقل."),
    account_long_password: text("كلمة المرور الجديدة طويلة جدًا. يُرجى اختيار كلمة أقصر."),

    logout_title: text("هل تريد تسجيل الخروج؟"),
    logout_account: text("تم تسجيل الدخول باسم"),
    logout_lead: text("ستحتاج إلى تسجيل الدخول مجددًا عند استخدام حسابك هنا في المرة القادمة."),
    logout_asked: text("يطلب تطبيق {client} تسجيل خروجك."),
    logout_confirm: text("تسجيل الخروج"),
    logout_cancel: text("متابعة الجلسة"),

    logged_out_title: text("تم تسجيل خروجك"),
    logged_out_lead: text("يمكنك إغلاق هذه النافذة."),
    front_channel_lead: text("نقوم بإبلاغ التطبيقات التي استخدمتها. يستغرق ذلك لحظات."),
    front_channel_continue: text("متابعة"),
    logged_out_stayed_title: text("لم يتم تسجيل خروجك"),
    logged_out_stayed_lead: text("لم يتغير شيء. يمكنك إغلاق هذه النافذة."),
    continue_to: text("المتابعة إلى {client}"),

    error_title: text("تعذّرت المتابعة"),
    error_code: text("رمز الخطأ"),
    error_help: text("إذا احتجت إلى مساعدة، فيُرجى ذكر رمز الخطأ والرمز المرجعي."),
    error_app_unknown: text(
        "التطبيق الذي أرسلك إلى هنا غير معروف لدينا. يُرجى العودة إليه والمحاولة مرة أخرى، \
        أو التواصل مع الجهة المسؤولة عنه.",
    ),
    error_bad_return: text(
        "طلب التطبيق الذي أرسلك إلى هنا توجيهك إلى عنوان لم يسجّله لدينا. وقد توقفنا حفاظًا \
        على سلامتك.",
    ),
    error_bad_request: text("أرسل التطبيق الذي جئت منه طلبًا لا نفهمه. يُرجى العودة إليه والمحاولة مرة أخرى."),
    error_expired: text(
        "ظلّت هذه الصفحة مفتوحة وقتًا طويلًا، أو اكتملت من قبل. يُرجى العودة إلى التطبيق والبدء \
        من جديد.",
    ),
    error_other_browser: text(
        "فُتحت هذه الصفحة في متصفح آخر أو نافذة أخرى. يُرجى العودة إلى التطبيق والبدء من \
        جديد هنا.",
    ),
    error_not_yours: text(
        "لم نتمكن من التأكد من أن هذا الطلب صادر عنك. يُرجى العودة إلى التطبيق والبدء من \
        جديد.",
    ),
    error_cookies: text(
        "لا يقبل متصفحك ملفات تعريف الارتباط الخاصة بنا، ولا يمكن تسجيل الدخول من دونها. يُرجى \
        السماح بها لهذا الموقع والمحاولة مرة أخرى.",
    ),
    error_busy: text("لا يمكن تنفيذ ذلك الآن. يُرجى الانتظار قليلًا ثم المحاولة مرة أخرى؛ لم يُفقد شيء."),
    error_not_found: text("لا توجد صفحة على هذا العنوان."),
    error_server: text(
        "حدث خطأ من جانبنا. يُرجى المحاولة مرة أخرى؛ وإذا تكرر الخطأ، فيُرجى إبلاغنا بالرمز \
        المرجعي.",
    ),

    form_post_title: text("جارٍ إعادتك إلى التطبيق"),
    form_post_lead: text("ستعود إلى {client}."),
    form_post_submit: text("متابعة"),
};

pub(super) static INFLECTION: Inflection = Inflection { counted, date, ago, device };

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

fn device(browser: &str, system: &str) -> String {
    format!("{browser} على {system}")
}
