# Ratings, and what is kept of reports, take-downs and of what staff did. New columns have constant defaults: no row is rewritten.
#
# Two triggers keep the audit log: one refuses every change of an entry and each deletion within a year; the other writes down what is changed in the
# administration, whatever app it belongs to, as Django's own log has it, which can be changed.

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


GUARD = """
CREATE FUNCTION registry_audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.created < now() - interval '1 year' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'audit entry % is kept as it is', OLD.id USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER registry_audit_guard BEFORE UPDATE OR DELETE ON registry_auditentry
    FOR EACH ROW EXECUTE FUNCTION registry_audit_guard();
"""
NO_GUARD = "DROP TRIGGER registry_audit_guard ON registry_auditentry; DROP FUNCTION registry_audit_guard();"

MIRROR = """
CREATE FUNCTION registry_audit_admin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO registry_auditentry (by_id, action, kind, key, label, reason, text)
    SELECT NEW.user_id, CASE NEW.action_flag WHEN 1 THEN 'admin.add' WHEN 2 THEN 'admin.change' ELSE 'admin.delete' END,
        coalesce((SELECT left(app_label || '.' || model, 60) FROM django_content_type WHERE id = NEW.content_type_id), ''),
        left(coalesce(NEW.object_id, ''), 64), NEW.object_repr, '', NEW.change_message;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_audit_admin AFTER INSERT ON django_admin_log FOR EACH ROW EXECUTE FUNCTION registry_audit_admin();
"""
NO_MIRROR = "DROP TRIGGER registry_audit_admin ON django_admin_log; DROP FUNCTION registry_audit_admin();"


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0007_known_sizes'),
        ('admin', '0003_logentry_add_action_flag_choices'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='embedding',
            name='moderated',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='embedding',
            name='moderation',
            field=models.CharField(blank=True, choices=[('', 'Nothing'), ('hidden', 'Hidden: only its owner and staff can see it')], db_default='', default='', editable=False, max_length=16),
        ),
        migrations.AddField(
            model_name='embedding',
            name='moderation_reason',
            field=models.CharField(blank=True, choices=[('minors', 'Sexual content with minors'), ('intimate', 'Intimate pictures of a person who did not agree'), ('person', 'Shows a person who did not agree'), ('illegal', 'Against the law in another way'), ('rights', 'Violates copyright, a trade mark or a licence'), ('rules', 'Against the rules of this hub'), ('spam', 'Spam, or not what it says'), ('rating', 'Wrong content rating'), ('tag', 'Wrong tag, title or description'), ('license', 'Wrong licence')], db_default='', default='', editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name='embedding',
            name='moderation_text',
            field=models.CharField(blank=True, db_default='', default='', editable=False, help_text='What staff told its owner.', max_length=500),
        ),
        migrations.AddField(
            model_name='embedding',
            name='rating',
            field=models.CharField(choices=[('general', 'General: fit for everybody'), ('suggestive', 'Suggestive: pictures are blurred until somebody asks for them'), ('explicit', 'Explicit: listed only for people who chose so')], db_default='general', default='general', max_length=16, verbose_name='content rating'),
        ),
        migrations.AddField(
            model_name='embedding',
            name='rating_locked',
            field=models.BooleanField(db_default=False, default=False, help_text='Its owner cannot change the rating.', verbose_name='rating set by staff'),
        ),
        migrations.CreateModel(
            name='Tombstone',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('embedding', models.IntegerField(help_text='The number that it had.')),
                ('owner_name', models.CharField(max_length=64)),
                ('name', models.CharField(max_length=64)),
                ('token', models.CharField(max_length=80)),
                ('base', models.CharField(choices=[('sd1', 'Stable Diffusion 1.x'), ('sd2', 'Stable Diffusion 2.x'), ('sdxl', 'SDXL'), ('pocket', 'Pocket'), ('sd3', 'Stable Diffusion 3'), ('flux', 'Flux.1'), ('hidream', 'HiDream'), ('hunyuan-video', 'HunyuanVideo'), ('pixart', 'PixArt'), ('chroma', 'Chroma'), ('deepfloyd-if', 'DeepFloyd IF'), ('sana', 'Sana'), ('lumina2', 'Lumina 2'), ('cascade', 'Stable Cascade'), ('anima', 'Anima')], max_length=16)),
                ('reason', models.CharField(choices=[('minors', 'Sexual content with minors'), ('intimate', 'Intimate pictures of a person who did not agree'), ('person', 'Shows a person who did not agree'), ('illegal', 'Against the law in another way'), ('rights', 'Violates copyright, a trade mark or a licence'), ('rules', 'Against the rules of this hub'), ('spam', 'Spam, or not what it says'), ('rating', 'Wrong content rating'), ('tag', 'Wrong tag, title or description'), ('license', 'Wrong licence')], max_length=32)),
                ('private', models.BooleanField(help_text='Whether it was a draft, of which nobody else is to know.')),
                ('text', models.CharField(help_text='What its owner was told; nobody else reads it.', max_length=500)),
                ('created', models.DateTimeField(auto_now_add=True)),
                ('lifted', models.DateTimeField(blank=True, help_text='Since when its name and its bytes may come back.', null=True)),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='tombstones', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='BlockedHash',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(help_text='As those of a version.', max_length=16)),
                ('value', models.CharField(max_length=64)),
                ('tombstone', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='hashes', to='registry.tombstone')),
            ],
            options={
                'verbose_name_plural': 'blocked hashes',
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(help_text='What was done, for example embedding.hide.', max_length=40)),
                ('kind', models.CharField(help_text='What it was done to, for example registry.embedding.', max_length=60)),
                ('key', models.CharField(help_text='The number or name of that.', max_length=64)),
                ('label', models.CharField(max_length=200)),
                ('reason', models.CharField(blank=True, choices=[('minors', 'Sexual content with minors'), ('intimate', 'Intimate pictures of a person who did not agree'), ('person', 'Shows a person who did not agree'), ('illegal', 'Against the law in another way'), ('rights', 'Violates copyright, a trade mark or a licence'), ('rules', 'Against the rules of this hub'), ('spam', 'Spam, or not what it says'), ('rating', 'Wrong content rating'), ('tag', 'Wrong tag, title or description'), ('license', 'Wrong licence')], max_length=32)),
                ('text', models.TextField(blank=True)),
                ('created', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('about', models.ForeignKey(db_constraint=False, help_text='Whose it was.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'audit entries',
                'indexes': [models.Index(fields=['kind', 'key'], name='registry_audit_object'), models.Index(fields=['about'], name='registry_audit_about')],
            },
        ),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(help_text='Where the embedding was: owner/name.', max_length=129)),
                ('email', models.EmailField(blank=True, help_text='Of somebody without an account; deleted with the decision.', max_length=254)),
                ('reason', models.CharField(choices=[('minors', 'Sexual content with minors'), ('intimate', 'Intimate pictures of a person who did not agree'), ('person', 'Shows a person who did not agree'), ('illegal', 'Against the law in another way'), ('rights', 'Violates copyright, a trade mark or a licence'), ('rules', 'Against the rules of this hub'), ('spam', 'Spam, or not what it says'), ('rating', 'Wrong content rating'), ('tag', 'Wrong tag, title or description'), ('license', 'Wrong licence')], max_length=32)),
                ('text', models.TextField(blank=True, max_length=2000)),
                ('created', models.DateTimeField(auto_now_add=True)),
                ('state', models.CharField(choices=[('open', 'Open'), ('upheld', 'Upheld'), ('dismissed', 'Not upheld')], default='open', max_length=16)),
                ('closed', models.DateTimeField(blank=True, null=True)),
                ('answer', models.CharField(blank=True, help_text='What the reporter was told.', max_length=500)),
                ('embedding', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='reports', to='registry.embedding')),
                ('reporter', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='reports', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['state', 'id'], name='registry_report_queue')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('embedding', 'reporter'), name='registry_report_open_once')],
            },
        ),
        migrations.AddIndex(
            model_name='tombstone',
            index=models.Index(condition=models.Q(('lifted', None)), fields=['owner_name', 'name'], name='registry_tombstone_path'),
        ),
        migrations.AddIndex(
            model_name='blockedhash',
            index=models.Index(fields=['value'], name='registry_blocked_hash_value'),
        ),
        migrations.AddConstraint(
            model_name='blockedhash',
            constraint=models.UniqueConstraint(fields=('tombstone', 'kind', 'value'), name='registry_blocked_hash_once'),
        ),
        migrations.RunSQL(GUARD, NO_GUARD),
        migrations.RunSQL(MIRROR, NO_MIRROR),
    ]
