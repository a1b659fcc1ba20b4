# The pages in Arabic. Notes for translators and the meaning of each value: en/pages.ftl.
# Words: رابط (link), رمز (code), رسالة (e-mail that arrives), عنوان (address), تسجيل الدخول (sign in),
# تسجيل الخروج (sign out), موقع (site), طلب (request), صالح (works). Neither masculine nor feminine:
# verbal nouns on buttons, “يُرجى” with a verbal noun in place of imperatives.

month-1 = يناير
month-2 = فبراير
month-3 = مارس
month-4 = أبريل
month-5 = مايو
month-6 = يونيو
month-7 = يوليو
month-8 = أغسطس
month-9 = سبتمبر
month-10 = أكتوبر
month-11 = نوفمبر
month-12 = ديسمبر

clock-zone = { $time } UTC
moment = { $day } { $month } { $year }، { $clock }
clock-own = { $utc } ({ $own } بتوقيتك)

error-prefix = خطأ: { $title }
page-reference = المرجع { $reference }، { $at }. يُرجى ذكره عند طلب المساعدة.
page-why = لماذا تظهر لي هذه الصفحة؟
page-why-answer = موقع { $site } متاح فقط لمن يعرفهم. لإثبات هويتك، عليك إثبات أنه يمكنك قراءة الرسائل التي تصل إلى عنوانك. لا توجد كلمة مرور: كل رسالة تتيح تسجيل الدخول مرة واحدة.
page-why-answer-password = ‏{ $site } متاح فقط لمن هم معروفون لديه. لإثبات هويتك، يُرجى إدخال كلمة المرور أو إثبات أنه يمكنك قراءة البريد على عنوانك.
page-operator = بإدارة { $operator }.
page-help = الحصول على المساعدة
page-language = اللغة

address-missing = يُرجى إدخال عنوان بريدك الإلكتروني.
address-malformed = هذا العنوان غير مكتمل. يُكتب العنوان بهذا الشكل: { $example }.
address-several = يُرجى إدخال عنوان واحد فقط.
address-unsupported = لا يمكن استخدام هذا النوع من العناوين هنا. يُرجى استخدام عنوان لا يحتوي قبل العلامة @ إلا على أحرف وأرقام إنجليزية والعلامات { $marks }.
address-too-long = هذا العنوان طويل جدًا. الحد الأقصى لطول العنوان هو 254 حرفًا.
address-mismatch = لم تُرسل الرسالة إلى هذا العنوان. يُرجى إدخال العنوان الذي وصلت إليه الرسالة.

sign-in-title = تسجيل الدخول إلى { $site }
sign-in-intro-link = يُرجى إدخال عنوان بريدك الإلكتروني وسنرسل إليك رابطًا. بعد ذلك تُفتح الصفحة { $destination }.
sign-in-intro-code = يُرجى إدخال عنوان بريدك الإلكتروني وسنرسل إليك رمزًا. بعد ذلك تُفتح الصفحة { $destination }.
sign-in-email = عنوان بريدك الإلكتروني
sign-in-remember = تذكُّر عنواني على هذا الجهاز
sign-in-not-you = أليس هذا عنوانك؟ استخدام عنوان آخر
sign-in-send-link = إرسال رابط إليّ
sign-in-send-code = إرسال رمز إليّ
sign-in-intro-password = يمكنك تسجيل الدخول بكلمة المرور، أو من دونها عبر البريد الإلكتروني. بعد ذلك تُفتح الصفحة { $destination }.
sign-in-password = كلمة المرور
sign-in-with-password = تسجيل الدخول
sign-in-link-instead = إرسال رابط بدلًا من ذلك
sign-in-code-instead = إرسال رمز بدلًا من ذلك
sign-in-choose-password = ليست لديك كلمة مرور أو نسيتها؟ اختيار واحدة
sign-in-choose-password-new = هل هذه زيارتك الأولى أو نسيت كلمة المرور؟ اختيار واحدة
sign-in-session-ended = انتهت جلستك. يُرجى تسجيل الدخول مرة أخرى للمتابعة.
sign-in-form-not-sent = كانت جلستك قد انتهت، لذلك لم يُحفظ النموذج الذي أرسلته. يُرجى تسجيل الدخول ثم إرساله مرة أخرى.
sign-in-confirm-again = تتطلب هذه الصفحة تسجيل دخول حديثًا. يُرجى تسجيل الدخول مرة أخرى.
sign-in-other-address = يُرجى إدخال العنوان الآخر المراد استخدامه.
sign-in-mail-delayed = تتأخر رسائل تسجيل الدخول منذ الساعة { $since }. يمكنك طلب رسالة، لكنها ستستغرق وقتًا أطول من المعتاد. لا يؤثر ذلك في من سجّلوا الدخول بالفعل.
sign-in-mail-down = تعذّر إرسال رسائل تسجيل الدخول منذ الساعة { $since }. يمكنك مع ذلك طلب رسالة: ستُرسل حالما يصبح ذلك ممكنًا. لا يؤثر ذلك في من سجّلوا الدخول بالفعل.
sign-in-already = تم تسجيل دخولك بالعنوان { $email }. يمكنك المتابعة بهذا العنوان أو إدخال عنوان آخر أدناه.
sign-in-go-on = المتابعة بالعنوان { $email }
password-show = إظهار كلمة المرور
password-missing = يُرجى إدخال كلمة المرور، أو طلب رسالة أدناه.
password-wrong = العنوان وكلمة المرور غير متطابقين. يُرجى المحاولة مرة أخرى أو تسجيل الدخول عبر البريد.
password-too-short = { $least ->
    [few] الحد الأدنى هو { $least } أحرف.
   *[other] الحد الأدنى هو { $least } حرفًا.
}
password-too-long = الحد الأقصى هو { $most } حرفًا.
password-guessable = من السهل تخمين كلمة المرور هذه. يُرجى استخدام بضع كلمات لا علاقة بينها.
ask-password-title = اختيار كلمة مرور
ask-password-link = سنرسل إليك رسالة. يقود رابطها إلى الصفحة التي تُختار فيها كلمة المرور.
ask-password-code = سنرسل إليك رسالة فيها رمز. يُدخل الرمز مع كلمة المرور التي تختارها.
ask-password-send = إرسال الرسالة إليّ
choose-password-title = اختيار كلمة المرور
choose-password-text = لـ { $email } في { $site }. ويتم تسجيل الدخول أيضًا.
choose-password-missing = يُرجى إدخال كلمة المرور المطلوبة.
choose-password-set = تعيين كلمة المرور
choose-password-new = كلمة المرور الجديدة
choose-password-rule = { $least ->
    [few] الحد الأدنى هو { $least } أحرف. من الجيد استخدام بضع كلمات لا علاقة بينها.
   *[other] الحد الأدنى هو { $least } حرفًا. من الجيد استخدام بضع كلمات لا علاقة بينها.
}
choose-password-without = تسجيل الدخول من دون كلمة مرور جديدة

check-mail-title = يُرجى تفقُّد بريدك
check-mail-intro-link = إذا كان مسموحًا للعنوان { $email } بتسجيل الدخول إلى { $site }، فهناك رسالة في الطريق إليه. يُرجى فتح الرابط الوارد فيها في هذا المتصفح، أو إدخال رمزها هنا.
check-mail-intro-code = إذا كان مسموحًا للعنوان { $email } بتسجيل الدخول إلى { $site }، فهناك رسالة تحتوي على رمز في الطريق إليه. يُرجى إدخال الرمز هنا.
check-mail-password-link = إذا كان بإمكان { $email } تسجيل الدخول إلى { $site }، فهناك رسالة في الطريق. يُرجى فتح رابطها، أو إدخال رمزها وكلمة المرور الجديدة هنا.
check-mail-password-code = إذا كان بإمكان { $email } تسجيل الدخول إلى { $site }، فهناك رسالة فيها رمز في الطريق. يُرجى إدخال الرمز وكلمة المرور الجديدة هنا.
check-mail-sent-again = أرسلنا رسالة جديدة. أحدث رسالة هي وحدها الصالحة.
check-mail-not-yet = لم يتم تسجيل الدخول في هذا المتصفح بعد. يُرجى فتح الرابط في هذا المتصفح، أو إدخال الرمز الوارد في الرسالة.
check-mail-suggestion = هل المقصود { $suggestion }؟
check-mail-suggestion-use = استخدام { $suggestion }
check-mail-code = الرمز الوارد في الرسالة
check-mail-code-missing = يُرجى إدخال الرمز الوارد في الرسالة.
check-mail-code-malformed = يتكون الرمز من 8 أحرف، مثل { $example }. يُرجى نسخه من أحدث رسالة.
check-mail-code-wrong = { $left ->
    [zero] هذا ليس الرمز الوارد في أحدث رسالة. لم تبقَ لك أي محاولة.
    [one] هذا ليس الرمز الوارد في أحدث رسالة. بقيت لك محاولة واحدة.
    [two] هذا ليس الرمز الوارد في أحدث رسالة. بقيت لك محاولتان.
    [few] هذا ليس الرمز الوارد في أحدث رسالة. بقيت لك { $left } محاولات.
    [many] هذا ليس الرمز الوارد في أحدث رسالة. بقيت لك { $left } محاولة.
   *[other] هذا ليس الرمز الوارد في أحدث رسالة. بقيت لك { $left } محاولة.
}
check-mail-sign-in = تسجيل الدخول
check-mail-continue = فتحتُ الرابط: متابعة
check-mail-open = فتح { $name } في تبويب جديد
check-mail-facts = الرسالة المنتظرة
check-mail-from = من
check-mail-subject = الموضوع
check-mail-asked = وقت الطلب
check-mail-until = صالحة حتى
check-mail-arrives = من المتوقع أن تصل خلال دقيقة.
check-mail-delayed = تستغرق الرسائل وقتًا أطول من المعتاد منذ الساعة { $since }. لا يلزم فعل أي شيء: ما زلنا نحاول.
check-mail-down = تعذّر إرسال الرسائل منذ الساعة { $since }. نواصل المحاولة ما دام هذا الطلب صالحًا. إذا انتهى قبل ذلك، فيُرجى طلب رسالة جديدة لاحقًا.
check-mail-slow = يستغرق هذا وقتًا أطول من المعتاد. لا يلزم فعل أي شيء: ما زلنا نحاول.
check-mail-nothing = ألم يصل شيء؟
check-mail-spam = يُرجى البحث في مجلد البريد غير المرغوب فيه، والتأكد من صحة العنوان أعلاه.
check-mail-resend-at = يمكنك طلب رسالة جديدة عند الساعة { $at }.
check-mail-resend-ready = يمكنك طلب رسالة جديدة الآن.
check-mail-resend = إرسال رسالة جديدة
# The script of the page counts down in this text: no selector here. “ث” is the sign for seconds.
check-mail-resend-wait = إرسال رسالة جديدة ({ $seconds } ث)
check-mail-other-address = استخدام عنوان آخر

request-ended-title = انتهى هذا الطلب
request-ended-text = كانت الرسالة المرسلة إلى { $email } صالحة حتى الساعة { $at }.
request-ended-code = وصل الرمز متأخرًا. كانت الرسالة المرسلة إلى { $email } صالحة حتى الساعة { $at }.
request-ended-do = ستوصلك رسالة جديدة إلى الصفحة نفسها.
request-ended-send = إرسال رسالة جديدة إلى { $email }
code-used-up-title = تكرر إدخال رمز خاطئ
code-used-up-text = لحماية حسابك، لم يعد الرمز المخصص للعنوان { $email } صالحًا.
code-used-up-link = ما زال الرابط الوارد في الرسالة صالحًا: يُرجى فتحه في هذا المتصفح، أو طلب رسالة جديدة برمز جديد.
code-used-up-new = يُرجى طلب رسالة جديدة برمز جديد.
code-used-up-send = إرسال رسالة جديدة
rate-limited-title = طلبات كثيرة جدًا
rate-limited-text = { $minutes ->
    [zero] حرصًا على الأمان، لا نستجيب إلا لعدد قليل من الطلبات المتتالية. يمكنك إعادة المحاولة عند الساعة { $at } (بعد أقل من دقيقة).
    [one] حرصًا على الأمان، لا نستجيب إلا لعدد قليل من الطلبات المتتالية. يمكنك إعادة المحاولة عند الساعة { $at } (بعد دقيقة واحدة).
    [two] حرصًا على الأمان، لا نستجيب إلا لعدد قليل من الطلبات المتتالية. يمكنك إعادة المحاولة عند الساعة { $at } (بعد دقيقتين).
    [few] حرصًا على الأمان، لا نستجيب إلا لعدد قليل من الطلبات المتتالية. يمكنك إعادة المحاولة عند الساعة { $at } (بعد { $minutes } دقائق).
    [many] حرصًا على الأمان، لا نستجيب إلا لعدد قليل من الطلبات المتتالية. يمكنك إعادة المحاولة عند الساعة { $at } (بعد { $minutes } دقيقة).
   *[other] حرصًا على الأمان، لا نستجيب إلا لعدد قليل من الطلبات المتتالية. يمكنك إعادة المحاولة عند الساعة { $at } (بعد { $minutes } دقيقة).
}
rate-limited-pending = ما زالت آخر رسالة صالحة: يمكنك إدخال رمزها.
rate-limited-code = إدخال الرمز
rate-limited-again = إعادة المحاولة

link-elsewhere-title = تسجيل الدخول على هذا الجهاز؟
link-elsewhere-title-code = يُرجى الرجوع إلى حيث بدأت
link-elsewhere-in-app = هذا هو المتصفح المدمج في تطبيق بريدك. لتسجيل الدخول في مكان آخر، يُرجى إدخال الرمز الوارد في الرسالة هناك.
link-elsewhere-text = طُلب هذا الرابط من متصفح آخر، والأرجح أن الطلب كان منك. لم يغيّر فتحه هنا أي شيء.
link-elsewhere-site = الموقع
link-elsewhere-asked = وقت الطلب
link-elsewhere-browser = متصفح الطلب
link-elsewhere-until = صالح حتى
link-elsewhere-email = العنوان الذي أُرسلت إليه الرسالة
link-elsewhere-sign-in = تسجيل الدخول على هذا الجهاز
link-elsewhere-or-code = أو يمكنك الرجوع إلى النافذة التي بدأت منها وإدخال الرمز الوارد في الرسالة.
link-elsewhere-code-only = يُرجى إدخال الرمز الوارد في الرسالة في النافذة التي بدأت منها. لتسجيل الدخول على هذا الجهاز، يُرجى البدء من جديد هنا.
link-elsewhere-start = البدء على هذا الجهاز
link-elsewhere-not-me = أليس هذا الطلب منك؟ يُرجى إغلاق هذه الصفحة. لم يسجّل أحد الدخول.

link-expired-title = انتهت صلاحية هذا الرابط
link-expired-text = كان صالحًا حتى الساعة { $at }. حرصًا على أمانك، لا يبقى الرابط صالحًا إلا لمدة قصيرة.
link-used-title = سبق استخدام هذا الرابط
link-used-text = تم تسجيل الدخول به عند الساعة { $at }. الرابط صالح لمرة واحدة فقط. إن لم يكن ذلك منك، فيُرجى إبلاغ المسؤولين عن هذا الموقع.
link-replaced-title = توجد رسالة أحدث
link-replaced-text = أُرسلت رسالة أحدث عند الساعة { $at }، وأحدث رسالة هي وحدها الصالحة. يُرجى البحث عنها أولًا.
link-gone-do = سيوصلك رابط جديد إلى الصفحة نفسها.
link-gone-send = إرسال رابط جديد إلى { $email }
link-unknown-title = هذا الرابط غير صالح
link-unknown-text = هذا الرابط غير معروف لدينا. قد يكون قديمًا جدًا، أو ربما قطعه برنامج بريدك عند نهاية السطر.
link-unknown-do = يُرجى نسخ الرابط كاملًا من الرسالة إلى شريط العنوان، أو البدء من جديد.
link-unknown-start = البدء من جديد

report-title = أليس هذا الطلب منك؟
report-text = طلب شخص ما إرسال رسالة تسجيل دخول إلى عنوانك. لا يمكن لأحد تسجيل الدخول دون تلك الرسالة، لذلك لا يلزم فعل أي شيء.
report-site = الموقع
report-asked = وقت الطلب
report-browser = متصفح الطلب
report-do = يمكنك إلغاء الطلب. عندئذٍ لن يبقى الرابط والرمز صالحين، ولن يتمكن أحد لمدة 24 ساعة من طلب رسائل إلى عنوانك من الشبكة التي طُلبت منها هذه الرسالة.
report-email = العنوان الذي وصلت إليه الرسالة
report-end = إلغاء هذا الطلب
report-done-title = تم إلغاء الطلب
report-done-text = شكرًا لك. لم يعد الرابط والرمز الواردان في تلك الرسالة صالحين. لمدة 24 ساعة، لن تُرسل إلى عنوانك رسائل تسجيل دخول تُطلب من تلك الشبكة.
report-done-do = يمكنك حذف الرسالة وإغلاق هذه الصفحة.

signed-in-title = تم تسجيل دخولك
signed-in-text = ستنتقل الآن إلى { $destination }.
signed-in-continue = متابعة

welcome-title = حسابك جاهز
welcome-text = ما الاسم الذي تود أن تُعرف به هنا؟ يمكنك ترك هذا الحقل فارغًا.
welcome-name = الاسم
welcome-problem = استخدم من 1 إلى 60 حرفًا عاديًا.
welcome-go-on = متابعة

sign-out-title = تسجيل الخروج؟
sign-out-text = تم تسجيل دخولك بالعنوان { $email }.
sign-out-nobody = يؤدي تسجيل الخروج إلى إنهاء الجلسة على هذا الجهاز.
sign-out-here = تسجيل الخروج من هذا الجهاز
sign-out-everywhere = تسجيل الخروج من كل الأجهزة
sign-out-stay = الاستمرار في الجلسة

signed-out-title = تم تسجيل خروجك
signed-out-here = انتهت جلستك في { $site } على هذا الجهاز.
signed-out-everywhere = انتهت جلساتك على كل الأجهزة.
signed-out-again = تسجيل الدخول مرة أخرى

forbidden-title = الوصول غير مسموح
forbidden-text = تم تسجيل دخولك بالعنوان { $email }، وهو عنوان غير مسموح له بالوصول إلى { $destination }.
forbidden-do = إذا كان لديك عنوان آخر مسموح له بالوصول، فيُرجى تسجيل الدخول به.
forbidden-switch = تسجيل الخروج واستخدام عنوان آخر
forbidden-ask = طلب الوصول بالبريد
forbidden-ask-subject = الوصول إلى { $destination } للعنوان { $email }
forbidden-sites = المواقع المتاحة لك

account-title = حسابك
account-text = تم تسجيل دخولك بالعنوان { $email }.
account-groups = المجموعات
account-ended-one = تم تسجيل الخروج من ذلك الجهاز.
account-ended-others = تم تسجيل الخروج من كل الأجهزة الأخرى.
account-devices = الأجهزة التي سجّلت الدخول عليها
account-this = هذا الجهاز
account-signed-in = تسجيل الدخول: { $at }، إلى { $host }، من الشبكة { $network }.
account-last-seen = آخر استخدام: { $at }.
account-expires = تنتهي الجلسة في { $at }، أو قبل ذلك إن لم تُستخدم.
account-part = تظهر هنا فقط آخر { $count } جلسة تم استخدامها.
account-password = كلمة المرور
account-password-set = عُيِّنت في { $at }.
account-password-none = ليست لديك كلمة مرور، ويكون تسجيل الدخول عبر البريد.
account-password-change = اختيار كلمة أخرى
account-password-choose = اختيار كلمة مرور
account-password-remove = إزالة كلمة المرور
account-password-removed = أُزيلت كلمة المرور. يكون تسجيل الدخول عبر البريد.
account-end = تسجيل الخروج
account-end-device = تسجيل الخروج من { $device }
account-end-others = تسجيل الخروج من بقية الأجهزة
account-sign-out = تسجيل الخروج من هذا الجهاز
account-go = الانتقال إلى { $site }

notice-misdirected-title = لا يوجد هنا موقع كهذا
notice-misdirected-text = العنوان الظاهر في متصفحك لا يخص أي موقع متاح هنا.
notice-misdirected-do = يُرجى التأكد من خلو العنوان من أخطاء الكتابة. إذا كان صحيحًا، فيُرجى إبلاغ المسؤولين عن الموقع.
notice-no-application-title = لا يمكن الوصول إلى التطبيق بهذه الطريقة
notice-no-application-text = يحق لك فتح هذه الصفحة، لكنها ليست على هذا الخادم.
notice-no-application-do = يُرجى فتح الموقع من العنوان الذي أُعطي لك. إذا ظهرت هذه الصفحة مرة أخرى، فيُرجى إبلاغ المسؤولين عن الموقع.
notice-bad-request-title = تتعذر قراءة هذا الطلب
notice-bad-request-text = العنوان أو البيانات التي أرسلها متصفحك تالفة، لذلك لم يُنفَّذ أي شيء.
notice-bad-request-do = يُرجى التحقق من العنوان، أو الانتقال إلى الصفحة الرئيسية.
notice-not-found-title = الصفحة غير موجودة
notice-not-found-text = لا توجد صفحة لتسجيل الدخول في هذا العنوان.
notice-not-found-do = يُرجى التحقق من العنوان، أو الانتقال إلى الصفحة الرئيسية.
notice-method-not-allowed-title = لا يمكن فعل ذلك هنا
notice-method-not-allowed-text = أرسل متصفحك طلبًا لا تفهمه هذه الصفحة، لذلك لم يُنفَّذ أي شيء.
notice-method-not-allowed-do = يُرجى الانتقال إلى الصفحة الرئيسية والمحاولة من هناك.
notice-too-large-title = البيانات المرسلة كبيرة جدًا
notice-too-large-text = ما أرسله متصفحك أكبر مما تقبله هذه الصفحة، لذلك لم يُنفَّذ أي شيء.
notice-too-large-do = يُرجى الرجوع وإرسال بيانات أقل.
notice-unsupported-title = هذا النوع من البيانات غير مقبول
notice-unsupported-text = لا تقبل هذه الصفحة إلا نموذجها الخاص، لذلك لم يُنفَّذ أي شيء.
notice-unsupported-do = إذا كان المقصود تسجيل الدخول، فيُرجى البدء من هنا.
notice-cross-site-title = وصل النموذج من مكان آخر
notice-cross-site-text = حاول موقع ويب آخر إرسال هذا النموذج نيابةً عنك. حرصًا على أمانك، لم يُنفَّذ أي شيء.
notice-cross-site-do = إذا كان المقصود تسجيل الدخول، فيُرجى البدء من هنا.
notice-sign-in-closed-title = تسجيل الدخول متوقف هنا حاليًا
notice-sign-in-closed-text = أوقف المسؤولون عن هذا الموقع تسجيل الدخول حاليًا. لا يؤثر ذلك في من سجّلوا الدخول بالفعل.
notice-sign-in-closed-do = يُرجى إعادة المحاولة لاحقًا، أو سؤالهم عن موعد إتاحته.
notice-closed-title = هذه الصفحة مغلقة
notice-closed-text = لا يسمح المسؤولون عن هذا الموقع لأحد بفتح هذه الصفحة. تسجيل الدخول لن يغيّر ذلك.
notice-closed-do = يُرجى الانتقال إلى صفحة البداية. إذا كنت تظن أن في الأمر خطأ، فيُرجى إبلاغ المسؤولين عن الموقع.
notice-upstream-down-title = التطبيق لا يستجيب
notice-upstream-down-text = لا يستجيب التطبيق الذي تعرضه هذه الصفحة. ما زالت جلستك قائمة، ولم يُفقد أي شيء حُفظ من قبل.
notice-upstream-down-do = يُرجى الانتظار لحظة، ثم إعادة المحاولة.
notice-upstream-slow-title = يستغرق التطبيق وقتًا طويلًا
notice-upstream-slow-text = لا يستجيب التطبيق الذي تعرضه هذه الصفحة في الوقت المناسب. ما زالت جلستك قائمة. ربما وصل آخر ما أرسلته، وربما لم يصل.
notice-upstream-slow-do = يُرجى الانتظار لحظة، ثم إعادة المحاولة.
notice-start = الانتقال إلى الصفحة الرئيسية
notice-sign-in = الانتقال إلى تسجيل الدخول
notice-again = إعادة المحاولة

last-resort-store-title = تسجيل الدخول غير متاح الآن
last-resort-store-text = جزء من هذه الخدمة معطّل. جلستك محفوظة، ولم يُفقد أي شيء مما فعلته.
last-resort-store-do = يُرجى إعادة المحاولة بعد دقيقة.
last-resort-internal-title = حدث خطأ ما
last-resort-internal-text = هذا خلل من جانبنا، وقد تم تسجيله.
last-resort-internal-do = يُرجى إعادة المحاولة. إذا تكرر ذلك، فيُرجى إبلاغ المسؤولين عن هذا الموقع وذكر المرجع.
last-resort-again = إعادة المحاولة
inbox-title = صندوق الوارد للتطوير
inbox-text = للتطوير: تصل إلى هنا كل رسالة كان linkgate سيرسلها.
inbox-empty = لا شيء هنا بعد. يُرجى طلب رابط لتسجيل الدخول، ثم إعادة تحميل هذه الصفحة.
inbox-list = الرسائل
inbox-choose = يُرجى اختيار رسالة.
inbox-from = من
inbox-to = إلى
inbox-date = التاريخ
inbox-frame = الرسالة بصيغة HTML
inbox-text-part = كنص
inbox-save = حفظ بصيغة .eml

demo-title = التطبيق التجريبي
demo-signed-in = تم الدخول
demo-public = هذه الصفحة عامة
demo-text = هذا هو التطبيق التجريبي. لا يعرف شيئًا عن تسجيل الدخول، بل يعرض ما وصل إليه فقط.
demo-email = يقول linkgate إنك { $email }.
demo-request = الطلب
demo-method = الطريقة
demo-path = المسار
demo-account = حسابك
demo-sign-out = تسجيل الخروج
demo-sign-in = تسجيل الدخول
