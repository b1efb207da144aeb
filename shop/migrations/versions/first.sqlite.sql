CREATE TABLE outbox_event (
	id INTEGER NOT NULL, 
	event VARCHAR NOT NULL, 
	facts JSON NOT NULL, 
	due_at DATETIME NOT NULL, 
	attempts INTEGER NOT NULL, 
	error VARCHAR NOT NULL, 
	leased_until DATETIME, 
	done_at DATETIME, 
	CONSTRAINT pk_outbox_event PRIMARY KEY (id)
)
-- end
CREATE INDEX ix_outbox_event_waiting ON outbox_event (due_at) WHERE done_at IS NULL
-- end
CREATE TABLE job_run (
	name VARCHAR NOT NULL, 
	slot INTEGER NOT NULL, 
	started_at DATETIME NOT NULL, 
	CONSTRAINT pk_job_run PRIMARY KEY (name, slot)
)
-- end
CREATE TABLE page_change (
	id INTEGER NOT NULL, 
	tag VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_page_change PRIMARY KEY (id)
)
-- end
CREATE TABLE audit_entry (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	person_id INTEGER, 
	person_name VARCHAR NOT NULL, 
	on_behalf_of VARCHAR NOT NULL, 
	what VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	"before" JSON NOT NULL, 
	"after" JSON NOT NULL, 
	chain VARCHAR NOT NULL, 
	CONSTRAINT pk_audit_entry PRIMARY KEY (id)
)
-- end
CREATE INDEX ix_audit_entry_at ON audit_entry (at)
-- end
CREATE INDEX ix_audit_entry_subject ON audit_entry (subject)
-- end
CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry BEGIN SELECT RAISE(ABORT, 'audit_entry is insert-only'); END
-- end
CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry BEGIN SELECT RAISE(ABORT, 'audit_entry is insert-only'); END
-- end
CREATE TABLE old_slug (
	kind VARCHAR NOT NULL, 
	slug VARCHAR NOT NULL, 
	subject_id INTEGER NOT NULL, 
	CONSTRAINT pk_old_slug PRIMARY KEY (kind, slug)
)
-- end
CREATE TABLE photo (
	id INTEGER NOT NULL, 
	"key" VARCHAR NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	placeholder VARCHAR NOT NULL, 
	colour VARCHAR NOT NULL, 
	formats JSON NOT NULL, 
	alt VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_photo PRIMARY KEY (id)
)
-- end
CREATE INDEX ix_photo_key ON photo ("key")
-- end
CREATE TABLE person (
	id INTEGER NOT NULL, 
	phone VARCHAR, 
	name VARCHAR NOT NULL, 
	email VARCHAR, 
	password_hash VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	erased_at DATETIME, 
	CONSTRAINT pk_person PRIMARY KEY (id), 
	CONSTRAINT uq_person_phone UNIQUE (phone)
)
-- end
CREATE TABLE one_time_code (
	id INTEGER NOT NULL, 
	phone VARCHAR NOT NULL, 
	code_hash VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	tries INTEGER NOT NULL, 
	used_at DATETIME, 
	CONSTRAINT pk_one_time_code PRIMARY KEY (id)
)
-- end
CREATE INDEX ix_one_time_code_phone ON one_time_code (phone)
-- end
CREATE TABLE consent (
	id INTEGER NOT NULL, 
	subject VARCHAR NOT NULL, 
	purpose VARCHAR NOT NULL, 
	given BOOLEAN NOT NULL, 
	policy_version VARCHAR NOT NULL, 
	text_hash VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_consent PRIMARY KEY (id)
)
-- end
CREATE INDEX ix_consent_subject ON consent (subject)
-- end
CREATE TRIGGER consent_no_update BEFORE UPDATE ON consent BEGIN SELECT RAISE(ABORT, 'consent is insert-only'); END
-- end
CREATE TRIGGER consent_no_delete BEFORE DELETE ON consent BEGIN SELECT RAISE(ABORT, 'consent is insert-only'); END
-- end
CREATE TABLE message (
	id INTEGER NOT NULL, 
	"key" VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	lang VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	body VARCHAR NOT NULL, 
	link VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	attempts INTEGER NOT NULL, 
	error VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	due_at DATETIME NOT NULL, 
	sent_at DATETIME, 
	CONSTRAINT pk_message PRIMARY KEY (id), 
	CONSTRAINT uq_message_key UNIQUE ("key")
)
-- end
CREATE INDEX ix_message_state ON message (state)
-- end
CREATE INDEX ix_message_address ON message (address)
-- end
CREATE TABLE opt_out (
	address VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_opt_out PRIMARY KEY (address, kind)
)
-- end
CREATE TABLE push_subscription (
	id INTEGER NOT NULL, 
	subject VARCHAR NOT NULL, 
	endpoint VARCHAR NOT NULL, 
	p256dh VARCHAR NOT NULL, 
	auth VARCHAR NOT NULL, 
	lang VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_push_subscription PRIMARY KEY (id), 
	CONSTRAINT uq_push_subscription_subject_endpoint UNIQUE (subject, endpoint)
)
-- end
CREATE INDEX ix_push_subscription_subject ON push_subscription (subject)
-- end
CREATE TABLE follow (
	id INTEGER NOT NULL, 
	subject VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	lang VARCHAR NOT NULL, 
	asked_at DATETIME NOT NULL, 
	confirmed_at DATETIME, 
	told_at DATETIME, 
	CONSTRAINT pk_follow PRIMARY KEY (id), 
	CONSTRAINT uq_follow_subject_channel_address UNIQUE (subject, channel, address)
)
-- end
CREATE INDEX ix_follow_subject ON follow (subject)
-- end
CREATE INDEX ix_follow_address ON follow (address)
-- end
CREATE TABLE pool (
	id INTEGER NOT NULL, 
	coop_id INTEGER NOT NULL, 
	product_id INTEGER NOT NULL, 
	variant_id INTEGER NOT NULL, 
	owner VARCHAR NOT NULL, 
	on_hand INTEGER NOT NULL, 
	held INTEGER NOT NULL, 
	closed BOOLEAN NOT NULL, 
	CONSTRAINT pk_pool PRIMARY KEY (id), 
	CONSTRAINT uq_pool_variant_id_owner UNIQUE (variant_id, owner), 
	CONSTRAINT ck_pool_never_oversold CHECK (on_hand >= 0 AND held >= 0 AND held <= on_hand)
)
-- end
CREATE INDEX ix_pool_coop_id ON pool (coop_id)
-- end
CREATE INDEX ix_pool_product ON pool (product_id, owner)
-- end
CREATE INDEX ix_pool_owner ON pool (owner)
-- end
CREATE TABLE live_told (
	"key" VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_live_told PRIMARY KEY ("key")
)
-- end
CREATE TABLE sign_in (
	token_hash VARCHAR NOT NULL, 
	person_id INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_sign_in PRIMARY KEY (token_hash), 
	CONSTRAINT fk_sign_in_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
-- end
CREATE INDEX ix_sign_in_person_id ON sign_in (person_id)
-- end
CREATE TABLE role_grant (
	id INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	role VARCHAR NOT NULL, 
	coop_id INTEGER, 
	granted_at DATETIME NOT NULL, 
	revoked_at DATETIME, 
	CONSTRAINT pk_role_grant PRIMARY KEY (id), 
	CONSTRAINT fk_role_grant_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
-- end
CREATE INDEX ix_role_grant_coop_id ON role_grant (coop_id)
-- end
CREATE INDEX ix_role_grant_person_id ON role_grant (person_id)
-- end
CREATE TABLE saved_address (
	id INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	phone VARCHAR NOT NULL, 
	province_code VARCHAR NOT NULL, 
	ward_code VARCHAR NOT NULL, 
	line VARCHAR NOT NULL, 
	legacy_text VARCHAR NOT NULL, 
	CONSTRAINT pk_saved_address PRIMARY KEY (id), 
	CONSTRAINT fk_saved_address_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
-- end
CREATE INDEX ix_saved_address_person_id ON saved_address (person_id)
-- end
CREATE TABLE phone_proof (
	id INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	phone VARCHAR NOT NULL, 
	proved_by VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_phone_proof PRIMARY KEY (id), 
	CONSTRAINT uq_phone_proof_person_id_phone UNIQUE (person_id, phone), 
	CONSTRAINT fk_phone_proof_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
-- end
CREATE INDEX ix_phone_proof_phone ON phone_proof (phone)
-- end
CREATE TABLE recovery (
	id INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	token_hash VARCHAR NOT NULL, 
	made_by INTEGER, 
	expires_at DATETIME NOT NULL, 
	used_at DATETIME, 
	CONSTRAINT pk_recovery PRIMARY KEY (id), 
	CONSTRAINT fk_recovery_person_id FOREIGN KEY(person_id) REFERENCES person (id), 
	CONSTRAINT uq_recovery_token_hash UNIQUE (token_hash)
)
-- end
CREATE TABLE cart (
	id VARCHAR NOT NULL, 
	person_id INTEGER, 
	created_at DATETIME NOT NULL, 
	touched_at DATETIME NOT NULL, 
	CONSTRAINT pk_cart PRIMARY KEY (id), 
	CONSTRAINT fk_cart_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
-- end
CREATE INDEX ix_cart_touched_at ON cart (touched_at)
-- end
CREATE INDEX ix_cart_person_id ON cart (person_id)
-- end
CREATE TABLE category (
	id INTEGER NOT NULL, 
	slug VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	name_en VARCHAR NOT NULL, 
	position INTEGER NOT NULL, 
	photo_id INTEGER, 
	CONSTRAINT pk_category PRIMARY KEY (id), 
	CONSTRAINT uq_category_slug UNIQUE (slug), 
	CONSTRAINT fk_category_photo_id FOREIGN KEY(photo_id) REFERENCES photo (id)
)
-- end
CREATE TABLE coop (
	id INTEGER NOT NULL, 
	slug VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	legal_name VARCHAR NOT NULL, 
	tax_code VARCHAR NOT NULL, 
	representative VARCHAR NOT NULL, 
	founded_on INTEGER NOT NULL, 
	member_count INTEGER NOT NULL, 
	story VARCHAR NOT NULL, 
	province_code VARCHAR NOT NULL, 
	ward_code VARCHAR NOT NULL, 
	line VARCHAR NOT NULL, 
	phone VARCHAR NOT NULL, 
	zalo VARCHAR NOT NULL, 
	email VARCHAR NOT NULL, 
	face_photo_id INTEGER, 
	face_name VARCHAR NOT NULL, 
	cover_photo_id INTEGER, 
	delivery_policy VARCHAR NOT NULL, 
	return_policy VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	commission_bp INTEGER NOT NULL, 
	verified_at DATETIME, 
	is_demo BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_coop PRIMARY KEY (id), 
	CONSTRAINT uq_coop_slug UNIQUE (slug), 
	CONSTRAINT fk_coop_face_photo_id FOREIGN KEY(face_photo_id) REFERENCES photo (id), 
	CONSTRAINT fk_coop_cover_photo_id FOREIGN KEY(cover_photo_id) REFERENCES photo (id)
)
-- end
CREATE TABLE customer_order (
	id INTEGER NOT NULL, 
	code VARCHAR NOT NULL, 
	placement_key VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	phone VARCHAR NOT NULL, 
	email VARCHAR, 
	province_code VARCHAR NOT NULL, 
	ward_code VARCHAR NOT NULL, 
	line VARCHAR NOT NULL, 
	legacy_text VARCHAR NOT NULL, 
	note VARCHAR NOT NULL, 
	goods_vnd BIGINT NOT NULL, 
	shipping_vnd BIGINT NOT NULL, 
	total_vnd BIGINT NOT NULL, 
	payment_method VARCHAR NOT NULL, 
	placed_at DATETIME NOT NULL, 
	pay_by DATETIME, 
	paid_at DATETIME, 
	closed_at DATETIME, 
	reason VARCHAR NOT NULL, 
	lang VARCHAR NOT NULL, 
	person_id INTEGER, 
	visitor_key VARCHAR NOT NULL, 
	source VARCHAR NOT NULL, 
	is_demo BOOLEAN NOT NULL, 
	CONSTRAINT pk_customer_order PRIMARY KEY (id), 
	CONSTRAINT uq_customer_order_code UNIQUE (code), 
	CONSTRAINT uq_customer_order_placement_key UNIQUE (placement_key), 
	CONSTRAINT ck_customer_order_sum CHECK (total_vnd = goods_vnd + shipping_vnd AND goods_vnd >= 0 AND shipping_vnd >= 0), 
	CONSTRAINT ck_customer_order_state CHECK (state IN ('awaiting_payment', 'placed', 'done', 'closed', 'cancelled')), 
	CONSTRAINT fk_customer_order_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
-- end
CREATE INDEX ix_customer_order_phone ON customer_order (phone)
-- end
CREATE INDEX ix_customer_order_visitor_key ON customer_order (visitor_key)
-- end
CREATE INDEX ix_customer_order_to_close ON customer_order (state, pay_by)
-- end
CREATE INDEX ix_customer_order_placed_at ON customer_order (placed_at)
-- end
CREATE INDEX ix_customer_order_person_id ON customer_order (person_id)
-- end
CREATE TABLE hold (
	id INTEGER NOT NULL, 
	pool_id INTEGER NOT NULL, 
	owner VARCHAR NOT NULL, 
	quantity INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	started_at DATETIME NOT NULL, 
	expires_at DATETIME, 
	CONSTRAINT pk_hold PRIMARY KEY (id), 
	CONSTRAINT ck_hold_holds_something CHECK (quantity > 0), 
	CONSTRAINT fk_hold_pool_id FOREIGN KEY(pool_id) REFERENCES pool (id)
)
-- end
CREATE INDEX ix_hold_owner ON hold (owner)
-- end
CREATE INDEX ix_hold_open_until ON hold (expires_at) WHERE state = 'open'
-- end
CREATE INDEX ix_hold_pool_id ON hold (pool_id)
-- end
CREATE TABLE stock_movement (
	id INTEGER NOT NULL, 
	pool_id INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	quantity INTEGER NOT NULL, 
	reason VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	person_id INTEGER, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_stock_movement PRIMARY KEY (id), 
	CONSTRAINT fk_stock_movement_pool_id FOREIGN KEY(pool_id) REFERENCES pool (id)
)
-- end
CREATE INDEX ix_stock_movement_owner ON stock_movement (owner)
-- end
CREATE INDEX ix_stock_movement_pool_id ON stock_movement (pool_id)
-- end
CREATE TRIGGER stock_movement_no_update BEFORE UPDATE ON stock_movement BEGIN SELECT RAISE(ABORT, 'stock_movement is insert-only'); END
-- end
CREATE TRIGGER stock_movement_no_delete BEFORE DELETE ON stock_movement BEGIN SELECT RAISE(ABORT, 'stock_movement is insert-only'); END
-- end
CREATE TABLE product (
	id INTEGER NOT NULL, 
	coop_id INTEGER NOT NULL, 
	category_id INTEGER NOT NULL, 
	slug VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	name_en VARCHAR NOT NULL, 
	summary VARCHAR NOT NULL, 
	description TEXT NOT NULL, 
	origin VARCHAR NOT NULL, 
	storage_tip VARCHAR NOT NULL, 
	shelf_life_days INTEGER, 
	state VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	lowest_price_vnd BIGINT NOT NULL, 
	lowest_variant_id INTEGER, 
	search_name TEXT NOT NULL, 
	search_folded TEXT NOT NULL, 
	search_exact TEXT NOT NULL, 
	is_demo BOOLEAN NOT NULL, 
	CONSTRAINT pk_product PRIMARY KEY (id), 
	CONSTRAINT fk_product_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id), 
	CONSTRAINT fk_product_category_id FOREIGN KEY(category_id) REFERENCES category (id), 
	CONSTRAINT uq_product_slug UNIQUE (slug)
)
-- end
CREATE INDEX ix_product_by_coop_category ON product (coop_id, category_id, state)
-- end
CREATE INDEX ix_product_by_age ON product (state, id)
-- end
CREATE INDEX ix_product_by_category_price ON product (category_id, state, lowest_price_vnd, id)
-- end
CREATE INDEX ix_product_by_category ON product (category_id, state, id)
-- end
CREATE INDEX ix_product_by_coop_price ON product (coop_id, state, lowest_price_vnd, id)
-- end
CREATE INDEX ix_product_by_coop ON product (coop_id, state, id)
-- end
CREATE INDEX ix_product_by_price ON product (state, lowest_price_vnd, id)
-- end
CREATE VIRTUAL TABLE IF NOT EXISTS product_words USING fts5(
        search_name, search_folded, search_exact, content='product', content_rowid='id',
        tokenize="unicode61 remove_diacritics 0 tokenchars '#'", detail='column', prefix='1 2 3')
-- end
CREATE TRIGGER IF NOT EXISTS product_words_added AFTER INSERT ON product BEGIN
        INSERT INTO product_words(rowid, search_name, search_folded, search_exact)
        VALUES (new.id, new.search_name, new.search_folded, new.search_exact); END
-- end
CREATE TRIGGER IF NOT EXISTS product_words_gone AFTER DELETE ON product BEGIN
        INSERT INTO product_words(product_words, rowid, search_name, search_folded, search_exact)
        VALUES ('delete', old.id, old.search_name, old.search_folded, old.search_exact); END
-- end
CREATE TRIGGER IF NOT EXISTS product_words_changed
        AFTER UPDATE OF search_name, search_folded, search_exact ON product BEGIN
        INSERT INTO product_words(product_words, rowid, search_name, search_folded, search_exact)
        VALUES ('delete', old.id, old.search_name, old.search_folded, old.search_exact);
        INSERT INTO product_words(rowid, search_name, search_folded, search_exact)
        VALUES (new.id, new.search_name, new.search_folded, new.search_exact); END
-- end
CREATE TABLE checkout (
	id VARCHAR NOT NULL, 
	cart_id VARCHAR NOT NULL, 
	visitor_key VARCHAR NOT NULL, 
	phone VARCHAR, 
	answers JSON NOT NULL, 
	started_at DATETIME NOT NULL, 
	held_until DATETIME NOT NULL, 
	state VARCHAR NOT NULL, 
	order_id INTEGER, 
	CONSTRAINT pk_checkout PRIMARY KEY (id), 
	CONSTRAINT ck_checkout_state CHECK (state IN ('open', 'placed', 'lapsed')), 
	CONSTRAINT fk_checkout_cart_id FOREIGN KEY(cart_id) REFERENCES cart (id), 
	CONSTRAINT fk_checkout_order_id FOREIGN KEY(order_id) REFERENCES customer_order (id)
)
-- end
CREATE INDEX ix_checkout_cart_id ON checkout (cart_id)
-- end
CREATE INDEX ix_checkout_visitor_key ON checkout (visitor_key)
-- end
CREATE INDEX ix_checkout_phone ON checkout (phone)
-- end
CREATE INDEX ix_checkout_order_id ON checkout (order_id)
-- end
CREATE INDEX ix_checkout_held_until ON checkout (held_until)
-- end
CREATE TABLE parcel (
	id INTEGER NOT NULL, 
	order_id INTEGER NOT NULL, 
	coop_id INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	way VARCHAR NOT NULL, 
	goods_vnd BIGINT NOT NULL, 
	shipping_vnd BIGINT NOT NULL, 
	total_vnd BIGINT NOT NULL, 
	weight_g INTEGER NOT NULL, 
	expected_from DATE NOT NULL, 
	expected_to DATE NOT NULL, 
	carrier VARCHAR NOT NULL, 
	carrier_name VARCHAR NOT NULL, 
	tracking_code VARCHAR NOT NULL, 
	confirmed_at DATETIME, 
	packed_at DATETIME, 
	handed_over_at DATETIME, 
	delivered_at DATETIME, 
	CONSTRAINT pk_parcel PRIMARY KEY (id), 
	CONSTRAINT uq_parcel_order_id_coop_id UNIQUE (order_id, coop_id), 
	CONSTRAINT ck_parcel_sum CHECK (total_vnd = goods_vnd + shipping_vnd AND goods_vnd >= 0 AND shipping_vnd >= 0), 
	CONSTRAINT ck_parcel_state CHECK (state IN ('waiting', 'new', 'confirmed', 'packed', 'handed_over', 'delivered', 'problem', 'refused', 'cancelled')), 
	CONSTRAINT fk_parcel_order_id FOREIGN KEY(order_id) REFERENCES customer_order (id), 
	CONSTRAINT fk_parcel_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id)
)
-- end
CREATE INDEX ix_parcel_coop_state ON parcel (coop_id, state, id)
-- end
CREATE TABLE idempotency (
	scope VARCHAR NOT NULL, 
	"key" VARCHAR NOT NULL, 
	body_hash VARCHAR NOT NULL, 
	answer JSON NOT NULL, 
	order_id INTEGER, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_idempotency PRIMARY KEY (scope, "key"), 
	CONSTRAINT fk_idempotency_order_id FOREIGN KEY(order_id) REFERENCES customer_order (id)
)
-- end
CREATE INDEX ix_idempotency_created_at ON idempotency (created_at)
-- end
CREATE TABLE delivery_rate (
	id INTEGER NOT NULL, 
	coop_id INTEGER NOT NULL, 
	zone VARCHAR NOT NULL, 
	up_to_g INTEGER NOT NULL, 
	fee_vnd BIGINT NOT NULL, 
	days_least INTEGER NOT NULL, 
	days_most INTEGER NOT NULL, 
	CONSTRAINT pk_delivery_rate PRIMARY KEY (id), 
	CONSTRAINT uq_delivery_rate_coop_id_zone_up_to_g UNIQUE (coop_id, zone, up_to_g), 
	CONSTRAINT ck_delivery_rate_sane CHECK (fee_vnd >= 0 AND up_to_g > 0), 
	CONSTRAINT ck_delivery_rate_days_in_order CHECK (0 <= days_least AND days_least <= days_most), 
	CONSTRAINT ck_delivery_rate_zone CHECK (zone IN ('commune', 'province', 'region', 'nation')), 
	CONSTRAINT fk_delivery_rate_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id)
)
-- end
CREATE TABLE delivery_terms (
	coop_id INTEGER NOT NULL, 
	free_from_vnd BIGINT, 
	pickup BOOLEAN NOT NULL, 
	pickup_line VARCHAR NOT NULL, 
	handling_days INTEGER NOT NULL, 
	CONSTRAINT pk_delivery_terms PRIMARY KEY (coop_id), 
	CONSTRAINT ck_delivery_terms_handling CHECK (handling_days >= 0), 
	CONSTRAINT fk_delivery_terms_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id)
)
-- end
CREATE TABLE live_session (
	id INTEGER NOT NULL, 
	slug VARCHAR NOT NULL, 
	coop_id INTEGER NOT NULL, 
	host_id INTEGER NOT NULL, 
	co_host VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	summary VARCHAR NOT NULL, 
	starts_at DATETIME NOT NULL, 
	planned_minutes INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	state_at DATETIME NOT NULL, 
	has_video BOOLEAN NOT NULL, 
	started_at DATETIME, 
	ended_at DATETIME, 
	pinned_item_id INTEGER, 
	cover_photo_id INTEGER, 
	clip_key VARCHAR NOT NULL, 
	peak_viewers INTEGER NOT NULL, 
	created_at DATETIME NOT NULL, 
	is_demo BOOLEAN NOT NULL, 
	CONSTRAINT pk_live_session PRIMARY KEY (id), 
	CONSTRAINT ck_live_session_a_day_at_most CHECK (planned_minutes BETWEEN 5 AND 480), 
	CONSTRAINT uq_live_session_slug UNIQUE (slug), 
	CONSTRAINT fk_live_session_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id), 
	CONSTRAINT fk_live_session_host_id FOREIGN KEY(host_id) REFERENCES person (id), 
	CONSTRAINT fk_live_session_cover_photo_id FOREIGN KEY(cover_photo_id) REFERENCES photo (id)
)
-- end
CREATE INDEX ix_live_session_starts_at ON live_session (starts_at)
-- end
CREATE INDEX ix_live_session_state ON live_session (state)
-- end
CREATE INDEX ix_live_session_host_id ON live_session (host_id)
-- end
CREATE UNIQUE INDEX uq_live_session_host_on_air ON live_session (host_id) WHERE state IN ('starting', 'live', 'interrupted')
-- end
CREATE INDEX ix_live_session_coop_id ON live_session (coop_id)
-- end
CREATE UNIQUE INDEX uq_live_session_coop_on_air ON live_session (coop_id) WHERE state IN ('starting', 'live', 'interrupted')
-- end
CREATE TABLE variant (
	id INTEGER NOT NULL, 
	product_id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	step_g INTEGER NOT NULL, 
	packing_g INTEGER NOT NULL, 
	price_vnd BIGINT NOT NULL, 
	most_steps INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	on_sale BOOLEAN NOT NULL, 
	CONSTRAINT pk_variant PRIMARY KEY (id), 
	CONSTRAINT ck_variant_price CHECK (price_vnd > 0), 
	CONSTRAINT ck_variant_steps CHECK (step_g > 0 AND packing_g >= 0 AND most_steps > 0), 
	CONSTRAINT fk_variant_product_id FOREIGN KEY(product_id) REFERENCES product (id)
)
-- end
CREATE INDEX ix_variant_product_id ON variant (product_id)
-- end
CREATE TABLE product_photo (
	product_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	photo_id INTEGER NOT NULL, 
	CONSTRAINT pk_product_photo PRIMARY KEY (product_id, position), 
	CONSTRAINT fk_product_photo_product_id FOREIGN KEY(product_id) REFERENCES product (id), 
	CONSTRAINT fk_product_photo_photo_id FOREIGN KEY(photo_id) REFERENCES photo (id)
)
-- end
CREATE TABLE certificate (
	id INTEGER NOT NULL, 
	coop_id INTEGER NOT NULL, 
	product_id INTEGER, 
	kind VARCHAR NOT NULL, 
	stars INTEGER NOT NULL, 
	number VARCHAR NOT NULL, 
	issuer VARCHAR NOT NULL, 
	issued_on DATE NOT NULL, 
	expires_on DATE NOT NULL, 
	state VARCHAR NOT NULL, 
	is_demo BOOLEAN NOT NULL, 
	CONSTRAINT pk_certificate PRIMARY KEY (id), 
	CONSTRAINT ck_certificate_stars CHECK (stars BETWEEN 0 AND 5), 
	CONSTRAINT fk_certificate_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id), 
	CONSTRAINT fk_certificate_product_id FOREIGN KEY(product_id) REFERENCES product (id)
)
-- end
CREATE INDEX ix_certificate_product ON certificate (product_id)
-- end
CREATE INDEX ix_certificate_kind ON certificate (kind, state, expires_on)
-- end
CREATE INDEX ix_certificate_coop ON certificate (coop_id, kind)
-- end
CREATE TABLE order_event (
	id INTEGER NOT NULL, 
	order_id INTEGER NOT NULL, 
	parcel_id INTEGER, 
	what VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	person_id INTEGER, 
	note VARCHAR NOT NULL, 
	CONSTRAINT pk_order_event PRIMARY KEY (id), 
	CONSTRAINT fk_order_event_order_id FOREIGN KEY(order_id) REFERENCES customer_order (id), 
	CONSTRAINT fk_order_event_parcel_id FOREIGN KEY(parcel_id) REFERENCES parcel (id), 
	CONSTRAINT fk_order_event_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
-- end
CREATE INDEX ix_order_event_order_id ON order_event (order_id)
-- end
CREATE TABLE cod_refusal (
	id INTEGER NOT NULL, 
	phone VARCHAR NOT NULL, 
	parcel_id INTEGER NOT NULL, 
	refused_at DATETIME NOT NULL, 
	lifted_at DATETIME, 
	lifted_by INTEGER, 
	CONSTRAINT pk_cod_refusal PRIMARY KEY (id), 
	CONSTRAINT uq_cod_refusal_parcel_id UNIQUE (parcel_id), 
	CONSTRAINT fk_cod_refusal_parcel_id FOREIGN KEY(parcel_id) REFERENCES parcel (id), 
	CONSTRAINT fk_cod_refusal_lifted_by FOREIGN KEY(lifted_by) REFERENCES person (id)
)
-- end
CREATE INDEX ix_cod_refusal_phone ON cod_refusal (phone, refused_at)
-- end
CREATE TABLE money_back (
	id INTEGER NOT NULL, 
	parcel_id INTEGER NOT NULL, 
	amount_vnd BIGINT NOT NULL, 
	lines JSON NOT NULL, 
	reason VARCHAR NOT NULL, 
	goods_fit BOOLEAN NOT NULL, 
	state VARCHAR NOT NULL, 
	asked_by INTEGER NOT NULL, 
	asked_at DATETIME NOT NULL, 
	decided_by INTEGER, 
	decided_at DATETIME, 
	CONSTRAINT pk_money_back PRIMARY KEY (id), 
	CONSTRAINT ck_money_back_amount CHECK (amount_vnd > 0), 
	CONSTRAINT ck_money_back_state CHECK (state IN ('proposed', 'given', 'withdrawn')), 
	CONSTRAINT fk_money_back_parcel_id FOREIGN KEY(parcel_id) REFERENCES parcel (id)
)
-- end
CREATE INDEX ix_money_back_parcel_id ON money_back (parcel_id)
-- end
CREATE INDEX ix_money_back_state ON money_back (state, id)
-- end
CREATE TABLE shipment (
	id INTEGER NOT NULL, 
	parcel_id INTEGER NOT NULL, 
	carrier VARCHAR NOT NULL, 
	carrier_name VARCHAR NOT NULL, 
	tracking_code VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_shipment PRIMARY KEY (id), 
	CONSTRAINT fk_shipment_parcel_id FOREIGN KEY(parcel_id) REFERENCES parcel (id)
)
-- end
CREATE INDEX ix_shipment_parcel_id ON shipment (parcel_id)
-- end
CREATE TABLE live_chat (
	session_id INTEGER NOT NULL, 
	last_number INTEGER NOT NULL, 
	slow_s INTEGER NOT NULL, 
	words VARCHAR NOT NULL, 
	pinned_number INTEGER, 
	CONSTRAINT pk_live_chat PRIMARY KEY (session_id), 
	CONSTRAINT fk_live_chat_session_id FOREIGN KEY(session_id) REFERENCES live_session (id)
)
-- end
CREATE TABLE live_speaker (
	id INTEGER NOT NULL, 
	session_id INTEGER NOT NULL, 
	"key" VARCHAR NOT NULL, 
	visitor_key VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	phone VARCHAR NOT NULL, 
	cart_id VARCHAR, 
	pay_secret VARCHAR NOT NULL, 
	proved_at DATETIME, 
	silenced VARCHAR NOT NULL, 
	CONSTRAINT pk_live_speaker PRIMARY KEY (id), 
	CONSTRAINT uq_live_speaker_session_id_key UNIQUE (session_id, "key"), 
	CONSTRAINT fk_live_speaker_session_id FOREIGN KEY(session_id) REFERENCES live_session (id), 
	CONSTRAINT fk_live_speaker_cart_id FOREIGN KEY(cart_id) REFERENCES cart (id), 
	CONSTRAINT uq_live_speaker_pay_secret UNIQUE (pay_secret)
)
-- end
CREATE INDEX ix_live_speaker_session_id ON live_speaker (session_id)
-- end
CREATE TABLE live_report (
	id INTEGER NOT NULL, 
	session_id INTEGER NOT NULL, 
	visitor_key VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	words VARCHAR NOT NULL, 
	item_id INTEGER, 
	at DATETIME NOT NULL, 
	seen_at DATETIME, 
	seen_by_id INTEGER, 
	CONSTRAINT pk_live_report PRIMARY KEY (id), 
	CONSTRAINT uq_live_report_session_id_visitor_key_reason UNIQUE (session_id, visitor_key, reason), 
	CONSTRAINT fk_live_report_session_id FOREIGN KEY(session_id) REFERENCES live_session (id)
)
-- end
CREATE INDEX ix_live_report_session_id ON live_report (session_id)
-- end
CREATE INDEX ix_live_report_at ON live_report (at)
-- end
CREATE TABLE cart_line (
	id INTEGER NOT NULL, 
	cart_id VARCHAR NOT NULL, 
	variant_id INTEGER NOT NULL, 
	live_key VARCHAR NOT NULL, 
	quantity INTEGER NOT NULL, 
	seen_price_vnd BIGINT NOT NULL, 
	price_vnd BIGINT, 
	pool_id INTEGER, 
	hold_owner VARCHAR, 
	held_until DATETIME, 
	added_at DATETIME NOT NULL, 
	CONSTRAINT pk_cart_line PRIMARY KEY (id), 
	CONSTRAINT uq_cart_line_cart_id_variant_id_live_key UNIQUE (cart_id, variant_id, live_key), 
	CONSTRAINT ck_cart_line_quantity CHECK (quantity > 0), 
	CONSTRAINT fk_cart_line_cart_id FOREIGN KEY(cart_id) REFERENCES cart (id), 
	CONSTRAINT fk_cart_line_variant_id FOREIGN KEY(variant_id) REFERENCES variant (id), 
	CONSTRAINT fk_cart_line_pool_id FOREIGN KEY(pool_id) REFERENCES pool (id)
)
-- end
CREATE INDEX ix_cart_line_hold_owner ON cart_line (hold_owner)
-- end
CREATE INDEX ix_cart_line_variant_id ON cart_line (variant_id)
-- end
CREATE TABLE offer (
	id INTEGER NOT NULL, 
	variant_id INTEGER NOT NULL, 
	owner VARCHAR NOT NULL, 
	price_vnd BIGINT NOT NULL, 
	starts_at DATETIME NOT NULL, 
	ends_at DATETIME, 
	CONSTRAINT pk_offer PRIMARY KEY (id), 
	CONSTRAINT ck_offer_price CHECK (price_vnd > 0), 
	CONSTRAINT fk_offer_variant_id FOREIGN KEY(variant_id) REFERENCES variant (id)
)
-- end
CREATE INDEX ix_offer_owner ON offer (owner)
-- end
CREATE INDEX ix_offer_variant ON offer (variant_id, owner)
-- end
CREATE TABLE price_change (
	id INTEGER NOT NULL, 
	variant_id INTEGER NOT NULL, 
	price_vnd BIGINT NOT NULL, 
	at DATETIME NOT NULL, 
	person_id INTEGER, 
	CONSTRAINT pk_price_change PRIMARY KEY (id), 
	CONSTRAINT fk_price_change_variant_id FOREIGN KEY(variant_id) REFERENCES variant (id)
)
-- end
CREATE INDEX ix_price_change_variant_id ON price_change (variant_id)
-- end
CREATE TABLE order_line (
	id INTEGER NOT NULL, 
	order_id INTEGER NOT NULL, 
	parcel_id INTEGER NOT NULL, 
	variant_id INTEGER NOT NULL, 
	product_id INTEGER NOT NULL, 
	product_name VARCHAR NOT NULL, 
	variant_name VARCHAR NOT NULL, 
	step_g INTEGER NOT NULL, 
	quantity INTEGER NOT NULL, 
	price_vnd BIGINT NOT NULL, 
	total_vnd BIGINT NOT NULL, 
	commission_vnd BIGINT NOT NULL, 
	pool_id INTEGER NOT NULL, 
	CONSTRAINT pk_order_line PRIMARY KEY (id), 
	CONSTRAINT ck_order_line_sum CHECK (total_vnd = price_vnd * quantity AND quantity > 0), 
	CONSTRAINT fk_order_line_order_id FOREIGN KEY(order_id) REFERENCES customer_order (id), 
	CONSTRAINT fk_order_line_parcel_id FOREIGN KEY(parcel_id) REFERENCES parcel (id), 
	CONSTRAINT fk_order_line_variant_id FOREIGN KEY(variant_id) REFERENCES variant (id), 
	CONSTRAINT fk_order_line_product_id FOREIGN KEY(product_id) REFERENCES product (id), 
	CONSTRAINT fk_order_line_pool_id FOREIGN KEY(pool_id) REFERENCES pool (id)
)
-- end
CREATE INDEX ix_order_line_order_id ON order_line (order_id)
-- end
CREATE INDEX ix_order_line_parcel ON order_line (parcel_id)
-- end
CREATE TABLE live_comment (
	id INTEGER NOT NULL, 
	session_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	"key" VARCHAR NOT NULL, 
	speaker_id INTEGER NOT NULL, 
	source VARCHAR NOT NULL, 
	words VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	decided VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	answered BOOLEAN NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_live_comment PRIMARY KEY (id), 
	CONSTRAINT uq_live_comment_session_id_number UNIQUE (session_id, number), 
	CONSTRAINT uq_live_comment_session_id_key UNIQUE (session_id, "key"), 
	CONSTRAINT fk_live_comment_session_id FOREIGN KEY(session_id) REFERENCES live_session (id), 
	CONSTRAINT fk_live_comment_speaker_id FOREIGN KEY(speaker_id) REFERENCES live_speaker (id)
)
-- end
CREATE INDEX ix_live_comment_speaker ON live_comment (speaker_id)
-- end
CREATE TABLE live_item (
	id INTEGER NOT NULL, 
	session_id INTEGER NOT NULL, 
	code VARCHAR NOT NULL, 
	variant_id INTEGER NOT NULL, 
	live_price_vnd BIGINT NOT NULL, 
	wanted INTEGER NOT NULL, 
	most_per_buyer INTEGER NOT NULL, 
	allotted INTEGER, 
	pool_id INTEGER, 
	position INTEGER NOT NULL, 
	CONSTRAINT pk_live_item PRIMARY KEY (id), 
	CONSTRAINT uq_live_item_session_id_code UNIQUE (session_id, code), 
	CONSTRAINT uq_live_item_session_id_variant_id UNIQUE (session_id, variant_id), 
	CONSTRAINT ck_live_item_sells_something CHECK (live_price_vnd > 0 AND wanted > 0 AND most_per_buyer > 0), 
	CONSTRAINT fk_live_item_session_id FOREIGN KEY(session_id) REFERENCES live_session (id), 
	CONSTRAINT fk_live_item_variant_id FOREIGN KEY(variant_id) REFERENCES variant (id), 
	CONSTRAINT fk_live_item_pool_id FOREIGN KEY(pool_id) REFERENCES pool (id)
)
-- end
CREATE TABLE claim (
	id INTEGER NOT NULL, 
	session_id INTEGER NOT NULL, 
	item_id INTEGER NOT NULL, 
	speaker_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	last_number INTEGER NOT NULL, 
	quantity INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	hold_id INTEGER, 
	order_id INTEGER, 
	price_vnd BIGINT, 
	held_until DATETIME, 
	promoted_at DATETIME, 
	corrected_by_id INTEGER, 
	made_at DATETIME NOT NULL, 
	CONSTRAINT pk_claim PRIMARY KEY (id), 
	CONSTRAINT ck_claim_claims_something CHECK (quantity > 0), 
	CONSTRAINT fk_claim_session_id FOREIGN KEY(session_id) REFERENCES live_session (id), 
	CONSTRAINT fk_claim_item_id FOREIGN KEY(item_id) REFERENCES live_item (id), 
	CONSTRAINT fk_claim_speaker_id FOREIGN KEY(speaker_id) REFERENCES live_speaker (id), 
	CONSTRAINT fk_claim_hold_id FOREIGN KEY(hold_id) REFERENCES hold (id)
)
-- end
CREATE INDEX ix_claim_session_id ON claim (session_id)
-- end
CREATE UNIQUE INDEX uq_claim_open ON claim (speaker_id, item_id) WHERE state IN ('waiting', 'held', 'promoted')
-- end
CREATE INDEX ix_claim_queue ON claim (item_id, state, number)
-- end
CREATE TABLE live_deal (
	id INTEGER NOT NULL, 
	session_id INTEGER NOT NULL, 
	item_id INTEGER NOT NULL, 
	price_vnd BIGINT NOT NULL, 
	quantity INTEGER NOT NULL, 
	most_per_buyer INTEGER NOT NULL, 
	starts_at DATETIME NOT NULL, 
	ends_at DATETIME NOT NULL, 
	closed_at DATETIME, 
	person_id INTEGER NOT NULL, 
	CONSTRAINT pk_live_deal PRIMARY KEY (id), 
	CONSTRAINT ck_live_deal_sells_something CHECK (price_vnd > 0 AND quantity > 0 AND most_per_buyer > 0), 
	CONSTRAINT ck_live_deal_lasts CHECK (ends_at > starts_at), 
	CONSTRAINT fk_live_deal_session_id FOREIGN KEY(session_id) REFERENCES live_session (id), 
	CONSTRAINT fk_live_deal_item_id FOREIGN KEY(item_id) REFERENCES live_item (id)
)
-- end
CREATE INDEX ix_live_deal_item_id ON live_deal (item_id)
-- end
CREATE UNIQUE INDEX uq_live_deal_open ON live_deal (item_id) WHERE closed_at IS NULL
-- end
CREATE INDEX ix_live_deal_session_id ON live_deal (session_id)
-- end
CREATE TABLE live_pin (
	id INTEGER NOT NULL, 
	session_id INTEGER NOT NULL, 
	item_id INTEGER NOT NULL, 
	person_id INTEGER, 
	pinned_at DATETIME NOT NULL, 
	unpinned_at DATETIME, 
	CONSTRAINT pk_live_pin PRIMARY KEY (id), 
	CONSTRAINT fk_live_pin_session_id FOREIGN KEY(session_id) REFERENCES live_session (id), 
	CONSTRAINT fk_live_pin_item_id FOREIGN KEY(item_id) REFERENCES live_item (id)
)
-- end
CREATE UNIQUE INDEX uq_live_pin_open ON live_pin (session_id) WHERE unpinned_at IS NULL
-- end
CREATE INDEX ix_live_pin_session_id ON live_pin (session_id)
-- end
CREATE TABLE live_claim (
	id INTEGER NOT NULL, 
	session_id INTEGER NOT NULL, 
	item_id INTEGER NOT NULL, 
	hold_owner VARCHAR NOT NULL, 
	visitor_key VARCHAR NOT NULL, 
	quantity INTEGER NOT NULL, 
	price_vnd BIGINT NOT NULL, 
	held_until DATETIME NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_live_claim PRIMARY KEY (id), 
	CONSTRAINT fk_live_claim_session_id FOREIGN KEY(session_id) REFERENCES live_session (id), 
	CONSTRAINT fk_live_claim_item_id FOREIGN KEY(item_id) REFERENCES live_item (id)
)
-- end
CREATE INDEX ix_live_claim_hold_owner ON live_claim (hold_owner)
-- end
CREATE INDEX ix_live_claim_session_id ON live_claim (session_id)
-- end
CREATE INDEX ix_live_claim_visitor ON live_claim (visitor_key, item_id)
-- end
CREATE TRIGGER live_claim_no_update BEFORE UPDATE ON live_claim BEGIN SELECT RAISE(ABORT, 'live_claim is insert-only'); END
-- end
CREATE TRIGGER live_claim_no_delete BEFORE DELETE ON live_claim BEGIN SELECT RAISE(ABORT, 'live_claim is insert-only'); END
-- end
CREATE TABLE live_deal_take (
	hold_id INTEGER NOT NULL, 
	deal_id INTEGER NOT NULL, 
	visitor_key VARCHAR NOT NULL, 
	CONSTRAINT pk_live_deal_take PRIMARY KEY (hold_id), 
	CONSTRAINT fk_live_deal_take_hold_id FOREIGN KEY(hold_id) REFERENCES hold (id), 
	CONSTRAINT fk_live_deal_take_deal_id FOREIGN KEY(deal_id) REFERENCES live_deal (id)
)
-- end
CREATE INDEX ix_live_deal_take_deal_id ON live_deal_take (deal_id)
-- end
