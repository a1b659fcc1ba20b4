# The e-mails in Arabic. Notes for translators: en/pages.ftl and en/mails.ftl; words and style:
# ar/pages.ftl. The code follows directly after “الرمز هو”.

device = { $browser } على { $system }
device-unknown-on = متصفح غير معروف على { $system }
device-unknown = متصفح غير معروف

mail-subject = تسجيل الدخول إلى { $host } ({ $time })
mail-title = تسجيل الدخول إلى { $host }
mail-preview = الرسالة صالحة لمرة واحدة فقط، حتى الساعة { $until }. أليس هذا الطلب منك؟ لا يلزم فعل أي شيء.
mail-open = يُرجى فتح هذا الرابط في المتصفح الذي بدأت منه. الرابط صالح لمرة واحدة فقط، حتى الساعة { $until }.
mail-button = تسجيل الدخول
mail-or-code = أو يمكنك الرجوع إلى ذلك المتصفح وإدخال الرمز. الرمز هو
mail-only-code = يُرجى الرجوع إلى المتصفح الذي بدأت منه وإدخال الرمز. الرمز صالح لمرة واحدة فقط، حتى الساعة { $until }. الرمز هو

mail-asked = وقت الطلب
mail-site = الموقع
mail-page = الصفحة
mail-browser = المتصفح
mail-network = الشبكة

mail-copy = الزر لا يعمل؟ يُرجى نسخ هذا الرابط إلى المتصفح الذي بدأت منه:
mail-not-me = أليس هذا الطلب منك؟ لا يلزم فعل أي شيء: لا يمكن لأحد تسجيل الدخول دون هذه الرسالة.
mail-report = إلغاء الطلب وإبلاغنا
mail-report-open = لإلغاء الطلب وإبلاغنا، يُرجى فتح هذه الصفحة:
mail-operator = أُرسلت بالنيابة عن { $operator }.
mail-help = المساعدة:
mail-password-subject = اختيار كلمة مرور لـ { $host } ‏({ $time })
mail-password-title = اختيار كلمة مرور لـ { $host }
mail-password-preview = صالح لمرة واحدة حتى الساعة { $until }. ألم تطلب هذا؟ لا يلزم فعل أي شيء.
mail-password-open = يقود هذا الرابط إلى الصفحة التي تُختار فيها كلمة المرور. الرابط صالح لمرة واحدة حتى الساعة { $until }.
mail-password-button = اختيار كلمة مرور
mail-password-or-code = أو يُرجى إدخال هذا الرمز مع كلمة المرور الجديدة في المتصفح الذي طُلبت فيه هذه الرسالة. الرمز هو
mail-password-only-code = يُرجى العودة إلى المتصفح الذي طُلبت فيه هذه الرسالة وإدخال الرمز مع كلمة المرور الجديدة. الرمز صالح لمرة واحدة حتى الساعة { $until }. الرمز هو
mail-password-not-me = ألم تطلب هذا؟ لا يلزم فعل أي شيء: لا تُعيَّن أي كلمة مرور. لن يطلب منك أحد منّا هذا الرمز.

new-device-subject = تسجيل دخول جديد إلى { $host } ({ $time })
new-device-title = تسجيل دخول جديد إلى { $host }
new-device-preview = تم تسجيل الدخول بعنوانك في متصفح لم يُستخدم من قبل.
new-device-text = تم تسجيل الدخول بعنوانك في متصفح لم يُستخدم من قبل.
new-device-signed-in = وقت تسجيل الدخول
new-device-me = هل كان ذلك منك؟ لا يلزم فعل أي شيء.
new-device-not-me = ألم يكن ذلك منك؟ يُرجى إنهاء تلك الجلسة الآن، والتحقق ممن يمكنه قراءة بريدك.
new-device-end = إنهاء تلك الجلسة
new-device-end-open = لإنهاء تلك الجلسة، يُرجى فتح هذه الصفحة:
