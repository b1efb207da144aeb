CREATE TABLE outbox_event (
	id SERIAL NOT NULL, 
	event VARCHAR NOT NULL, 
	facts JSON NOT NULL, 
	due_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	attempts INTEGER NOT NULL, 
	error VARCHAR NOT NULL, 
	leased_until TIMESTAMP WITH TIME ZONE, 
	done_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_outbox_event PRIMARY KEY (id)
)
-- end
CREATE INDEX ix_outbox_event_waiting ON outbox_event (due_at) WHERE done_at IS NULL
-- end
CREATE TABLE job_run (
	name VARCHAR NOT NULL, 
	slot INTEGER NOT NULL, 
	started_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_job_run PRIMARY KEY (name, slot)
)
-- end
CREATE TABLE page_change (
	id SERIAL NOT NULL, 
	tag VARCHAR NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_page_change PRIMARY KEY (id)
)
-- end
CREATE TABLE audit_entry (
	id SERIAL NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	person_id INTEGER, 
	person_name VARCHAR NOT NULL, 
	on_behalf_of VARCHAR NOT NULL, 
	what VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	before JSON NOT NULL, 
	after JSON NOT NULL, 
	chain VARCHAR NOT NULL, 
	CONSTRAINT pk_audit_entry PRIMARY KEY (id)
)
-- end
CREATE INDEX ix_audit_entry_at ON audit_entry (at)
-- end
CREATE INDEX ix_audit_entry_subject ON audit_entry (subject)
-- end
CREATE OR REPLACE FUNCTION audit_entry_frozen() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'audit_entry is insert-only'; END $$ LANGUAGE plpgsql; CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_entry_frozen()
-- end
CREATE TABLE old_slug (
	kind VARCHAR NOT NULL, 
	slug VARCHAR NOT NULL, 
	subject_id INTEGER NOT NULL, 
	CONSTRAINT pk_old_slug PRIMARY KEY (kind, slug)
)
-- end
CREATE TABLE photo (
	id SERIAL NOT NULL, 
	key VARCHAR NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	placeholder VARCHAR NOT NULL, 
	colour VARCHAR NOT NULL, 
	formats JSON NOT NULL, 
	alt VARCHAR NOT NULL, 
	parcel_id INTEGER, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_photo PRIMARY KEY (id)
)
-- end
CREATE INDEX ix_photo_key ON photo (key)
-- end
CREATE INDEX ix_photo_parcel_id ON photo (parcel_id)
-- end
CREATE TABLE person (
	id SERIAL NOT NULL, 
	phone VARCHAR, 
	name VARCHAR NOT NULL, 
	email VARCHAR, 
	password_hash VARCHAR NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	erased_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_person PRIMARY KEY (id), 
	CONSTRAINT uq_person_phone UNIQUE (phone)
)
-- end
CREATE TABLE one_time_code (
	id SERIAL NOT NULL, 
	phone VARCHAR NOT NULL, 
	code_hash VARCHAR NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	tries INTEGER NOT NULL, 
	used_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_one_time_code PRIMARY KEY (id)
)
-- end
CREATE INDEX ix_one_time_code_phone ON one_time_code (phone)
-- end
CREATE TABLE consent (
	id SERIAL NOT NULL, 
	subject VARCHAR NOT NULL, 
	purpose VARCHAR NOT NULL, 
	given BOOLEAN NOT NULL, 
	policy_version VARCHAR NOT NULL, 
	text_hash VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_consent PRIMARY KEY (id)
)
-- end
CREATE INDEX ix_consent_subject ON consent (subject)
-- end
CREATE OR REPLACE FUNCTION consent_frozen() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'consent is insert-only'; END $$ LANGUAGE plpgsql; CREATE TRIGGER consent_no_change BEFORE UPDATE OR DELETE ON consent FOR EACH ROW EXECUTE FUNCTION consent_frozen()
-- end
CREATE TABLE message (
	id SERIAL NOT NULL, 
	key VARCHAR NOT NULL, 
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
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	due_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	useful_until TIMESTAMP WITH TIME ZONE, 
	sent_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_message PRIMARY KEY (id), 
	CONSTRAINT uq_message_key UNIQUE (key)
)
-- end
CREATE INDEX ix_message_address ON message (address)
-- end
CREATE INDEX ix_message_state ON message (state)
-- end
CREATE TABLE opt_out (
	address VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_opt_out PRIMARY KEY (address, kind)
)
-- end
CREATE TABLE push_subscription (
	id SERIAL NOT NULL, 
	subject VARCHAR NOT NULL, 
	endpoint VARCHAR NOT NULL, 
	p256dh VARCHAR NOT NULL, 
	auth VARCHAR NOT NULL, 
	lang VARCHAR NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_push_subscription PRIMARY KEY (id), 
	CONSTRAINT uq_push_subscription_subject_endpoint UNIQUE (subject, endpoint)
)
-- end
CREATE INDEX ix_push_subscription_subject ON push_subscription (subject)
-- end
CREATE TABLE follow (
	id SERIAL NOT NULL, 
	subject VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	lang VARCHAR NOT NULL, 
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	confirmed_at TIMESTAMP WITH TIME ZONE, 
	told_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_follow PRIMARY KEY (id), 
	CONSTRAINT uq_follow_subject_channel_address UNIQUE (subject, channel, address)
)
-- end
CREATE INDEX ix_follow_address ON follow (address)
-- end
CREATE INDEX ix_follow_subject ON follow (subject)
-- end
CREATE TABLE low_stock (
	variant_id SERIAL NOT NULL, 
	told_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_low_stock PRIMARY KEY (variant_id)
)
-- end
CREATE TABLE pool (
	id SERIAL NOT NULL, 
	coop_id INTEGER NOT NULL, 
	product_id INTEGER NOT NULL, 
	variant_id INTEGER NOT NULL, 
	owner VARCHAR NOT NULL, 
	on_hand INTEGER NOT NULL, 
	held INTEGER NOT NULL, 
	promised INTEGER, 
	closed BOOLEAN NOT NULL, 
	CONSTRAINT pk_pool PRIMARY KEY (id), 
	CONSTRAINT uq_pool_variant_id_owner UNIQUE (variant_id, owner), 
	CONSTRAINT ck_pool_never_oversold CHECK (on_hand >= 0 AND held >= 0 AND held <= on_hand)
)
-- end
CREATE INDEX ix_pool_coop_id ON pool (coop_id)
-- end
CREATE INDEX ix_pool_owner ON pool (owner)
-- end
CREATE INDEX ix_pool_product ON pool (product_id, owner)
-- end
CREATE TABLE voucher (
	id SERIAL NOT NULL, 
	owner VARCHAR NOT NULL, 
	coop_id INTEGER, 
	code VARCHAR NOT NULL, 
	percent INTEGER NOT NULL, 
	off_vnd BIGINT NOT NULL, 
	most_off_vnd BIGINT NOT NULL, 
	least_vnd BIGINT NOT NULL, 
	quantity INTEGER NOT NULL, 
	most_per_buyer INTEGER NOT NULL, 
	used INTEGER NOT NULL, 
	with_deals BOOLEAN NOT NULL, 
	budget_vnd BIGINT, 
	spent_vnd BIGINT NOT NULL, 
	opens_at TIMESTAMP WITH TIME ZONE, 
	ends_at TIMESTAMP WITH TIME ZONE, 
	made_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	closed_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_voucher PRIMARY KEY (id), 
	CONSTRAINT uq_voucher_owner_code UNIQUE (owner, code), 
	CONSTRAINT ck_voucher_one_way CHECK (percent BETWEEN 0 AND 50 AND off_vnd >= 0 AND (percent > 0) <> (off_vnd > 0)), 
	CONSTRAINT ck_voucher_counts CHECK (quantity > 0 AND most_per_buyer > 0 AND used >= 0), 
	CONSTRAINT ck_voucher_whose CHECK ((coop_id IS NULL) = (budget_vnd IS NOT NULL) AND spent_vnd >= 0), 
	CONSTRAINT ck_voucher_budget CHECK (budget_vnd > 0)
)
-- end
CREATE INDEX ix_voucher_coop_id ON voucher (coop_id)
-- end
CREATE TABLE carrier_cash (
	id SERIAL NOT NULL, 
	parcel VARCHAR NOT NULL, 
	label VARCHAR NOT NULL, 
	tracking_code VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	collected_vnd BIGINT NOT NULL, 
	remitted_vnd BIGINT NOT NULL, 
	written_off_vnd BIGINT NOT NULL, 
	collected_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	claim VARCHAR NOT NULL, 
	claimed_at TIMESTAMP WITH TIME ZONE, 
	write_off_by INTEGER, 
	CONSTRAINT pk_carrier_cash PRIMARY KEY (id), 
	CONSTRAINT uq_carrier_cash_parcel UNIQUE (parcel), 
	CONSTRAINT ck_carrier_cash_amount CHECK (collected_vnd > 0 AND remitted_vnd >= 0 AND written_off_vnd >= 0), 
	CONSTRAINT ck_carrier_cash_not_more CHECK (remitted_vnd + written_off_vnd <= collected_vnd)
)
-- end
CREATE INDEX ix_carrier_cash_open ON carrier_cash (account, id) WHERE remitted_vnd + written_off_vnd < collected_vnd
-- end
CREATE TABLE balance_checkpoint (
	id SERIAL NOT NULL, 
	account VARCHAR NOT NULL, 
	pending BOOLEAN NOT NULL, 
	up_to_id INTEGER NOT NULL, 
	amount_vnd BIGINT NOT NULL, 
	made_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_balance_checkpoint PRIMARY KEY (id), 
	CONSTRAINT uq_balance_checkpoint_account_pending_up_to_id UNIQUE (account, pending, up_to_id)
)
-- end
CREATE OR REPLACE FUNCTION balance_checkpoint_frozen() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'balance_checkpoint is insert-only'; END $$ LANGUAGE plpgsql; CREATE TRIGGER balance_checkpoint_no_change BEFORE UPDATE OR DELETE ON balance_checkpoint FOR EACH ROW EXECUTE FUNCTION balance_checkpoint_frozen()
-- end
CREATE TABLE gateway_terms (
	gateway VARCHAR NOT NULL, 
	columns JSON NOT NULL, 
	fee_bps INTEGER, 
	fee_fixed_vnd BIGINT NOT NULL, 
	settles_after_days INTEGER NOT NULL, 
	CONSTRAINT pk_gateway_terms PRIMARY KEY (gateway), 
	CONSTRAINT ck_gateway_terms_fee CHECK (fee_bps BETWEEN 0 AND 10000 AND fee_fixed_vnd >= 0), 
	CONSTRAINT ck_gateway_terms_days CHECK (settles_after_days BETWEEN 0 AND 60)
)
-- end
CREATE TABLE settlement_file (
	id SERIAL NOT NULL, 
	gateway VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	content BYTEA NOT NULL, 
	columns JSON NOT NULL, 
	uploaded_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	uploaded_by INTEGER NOT NULL, 
	taken_at TIMESTAMP WITH TIME ZONE, 
	row_count INTEGER NOT NULL, 
	CONSTRAINT pk_settlement_file PRIMARY KEY (id), 
	CONSTRAINT uq_settlement_file_gateway_digest UNIQUE (gateway, digest)
)
-- end
CREATE TABLE dispute (
	id SERIAL NOT NULL, 
	gateway VARCHAR NOT NULL, 
	dispute_ref VARCHAR NOT NULL, 
	of_movement VARCHAR NOT NULL, 
	amount_vnd BIGINT NOT NULL, 
	told_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	borne_by VARCHAR NOT NULL, 
	decided_by INTEGER, 
	decided_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_dispute PRIMARY KEY (id), 
	CONSTRAINT uq_dispute_gateway_dispute_ref UNIQUE (gateway, dispute_ref), 
	CONSTRAINT ck_dispute_amount CHECK (amount_vnd > 0), 
	CONSTRAINT ck_dispute_borne_by CHECK (borne_by IN ('', 'market', 'order', 'coop'))
)
-- end
CREATE TABLE review_item (
	id SERIAL NOT NULL, 
	gateway VARCHAR NOT NULL, 
	movement_id VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	code VARCHAR NOT NULL, 
	amount_vnd BIGINT NOT NULL, 
	reference VARCHAR NOT NULL, 
	of_movement VARCHAR NOT NULL, 
	occurred_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	told_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	state VARCHAR NOT NULL, 
	note VARCHAR NOT NULL, 
	closed_by INTEGER, 
	closed_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_review_item PRIMARY KEY (id), 
	CONSTRAINT uq_review_item_gateway_movement_id UNIQUE (gateway, movement_id), 
	CONSTRAINT ck_review_item_state CHECK (state IN ('open', 'closed'))
)
-- end
CREATE INDEX ix_review_item_state ON review_item (state, id)
-- end
CREATE TABLE seller_account (
	seller VARCHAR NOT NULL, 
	opened_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_seller_account PRIMARY KEY (seller)
)
-- end
CREATE TABLE earning (
	id SERIAL NOT NULL, 
	seller VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	label VARCHAR NOT NULL, 
	parcel VARCHAR NOT NULL, 
	goods_vnd BIGINT NOT NULL, 
	shipping_vnd BIGINT NOT NULL, 
	gross_vnd BIGINT NOT NULL, 
	commission_vnd BIGINT NOT NULL, 
	gift_vnd BIGINT NOT NULL, 
	returned_vnd BIGINT NOT NULL, 
	returned_commission_vnd BIGINT NOT NULL, 
	returned_gift_vnd BIGINT NOT NULL, 
	returned_pending_vnd BIGINT NOT NULL, 
	earned_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	payable_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	released_at TIMESTAMP WITH TIME ZONE, 
	settlement_id INTEGER, 
	CONSTRAINT pk_earning PRIMARY KEY (id), 
	CONSTRAINT uq_earning_parcel UNIQUE (parcel), 
	CONSTRAINT ck_earning_amount CHECK (commission_vnd BETWEEN 0 AND gross_vnd AND gross_vnd > 0), 
	CONSTRAINT ck_earning_gift CHECK (returned_gift_vnd BETWEEN 0 AND gift_vnd AND gift_vnd < gross_vnd), 
	CONSTRAINT ck_earning_returned CHECK (returned_vnd BETWEEN 0 AND gross_vnd), 
	CONSTRAINT ck_earning_commission CHECK (returned_commission_vnd BETWEEN 0 AND commission_vnd)
)
-- end
CREATE INDEX ix_earning_seller ON earning (seller, id)
-- end
CREATE INDEX ix_earning_settlement_id ON earning (settlement_id)
-- end
CREATE INDEX ix_earning_subject ON earning (subject)
-- end
CREATE INDEX ix_earning_to_release ON earning (payable_at) WHERE released_at IS NULL
-- end
CREATE TABLE payment_due (
	id SERIAL NOT NULL, 
	subject VARCHAR NOT NULL, 
	label VARCHAR NOT NULL, 
	page_path VARCHAR NOT NULL, 
	method VARCHAR NOT NULL, 
	amount_vnd BIGINT NOT NULL, 
	tolerance_vnd BIGINT NOT NULL, 
	closes_at TIMESTAMP WITH TIME ZONE, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_payment_due PRIMARY KEY (id), 
	CONSTRAINT uq_payment_due_subject UNIQUE (subject), 
	CONSTRAINT ck_payment_due_amount CHECK (amount_vnd >= 0)
)
-- end
CREATE INDEX ix_payment_due_label ON payment_due (label)
-- end
CREATE TABLE inbox_request (
	id SERIAL NOT NULL, 
	source VARCHAR NOT NULL, 
	delivery_id VARCHAR NOT NULL, 
	headers VARCHAR NOT NULL, 
	body BYTEA NOT NULL, 
	received_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	outcome VARCHAR NOT NULL, 
	movements VARCHAR NOT NULL, 
	CONSTRAINT pk_inbox_request PRIMARY KEY (id), 
	CONSTRAINT uq_inbox_request_source_delivery_id UNIQUE (source, delivery_id)
)
-- end
CREATE INDEX ix_inbox_request_received_at ON inbox_request (received_at)
-- end
CREATE TABLE journal (
	id BIGSERIAL NOT NULL, 
	source_event VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	settles_id BIGINT, 
	memo VARCHAR NOT NULL, 
	effective_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_journal PRIMARY KEY (id), 
	CONSTRAINT uq_journal_source_event UNIQUE (source_event), 
	CONSTRAINT uq_journal_settles_id UNIQUE (settles_id), 
	CONSTRAINT fk_journal_settles_id FOREIGN KEY(settles_id) REFERENCES journal (id)
)
-- end
CREATE INDEX ix_journal_subject ON journal (subject)
-- end
CREATE OR REPLACE FUNCTION journal_frozen() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'journal is insert-only'; END $$ LANGUAGE plpgsql; CREATE TRIGGER journal_no_change BEFORE UPDATE OR DELETE ON journal FOR EACH ROW EXECUTE FUNCTION journal_frozen()
-- end
CREATE OR REPLACE FUNCTION journal_balances() RETURNS trigger AS $$ BEGIN IF (SELECT count(*) FROM entry WHERE journal_id = NEW.id) < 2 OR EXISTS (SELECT 1 FROM entry WHERE journal_id = NEW.id GROUP BY pending HAVING sum(amount_vnd) <> 0) THEN RAISE EXCEPTION 'journal does not balance' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql; CREATE TRIGGER journal_balances BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION journal_balances()
-- end
CREATE TABLE payout_account (
	id SERIAL NOT NULL, 
	seller VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	bank_bin VARCHAR NOT NULL, 
	bank_name VARCHAR NOT NULL, 
	account_no VARCHAR NOT NULL, 
	account_name VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	needs_check BOOLEAN NOT NULL, 
	proposed_by INTEGER NOT NULL, 
	proposed_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	agreed_by INTEGER, 
	valid_from TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_payout_account PRIMARY KEY (id), 
	CONSTRAINT ck_payout_account_kind CHECK (kind IN ('bank', 'fund', 'voucher')), 
	CONSTRAINT ck_payout_account_state CHECK (state IN ('proposed', 'valid', 'withdrawn'))
)
-- end
CREATE INDEX ix_payout_account_seller ON payout_account (seller)
-- end
CREATE UNIQUE INDEX ix_payout_account_proposed ON payout_account (seller) WHERE state = 'proposed'
-- end
CREATE TABLE payout_run (
	id SERIAL NOT NULL, 
	key VARCHAR NOT NULL, 
	total_vnd BIGINT NOT NULL, 
	started_by INTEGER NOT NULL, 
	started_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	released_by INTEGER, 
	released_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_payout_run PRIMARY KEY (id), 
	CONSTRAINT uq_payout_run_key UNIQUE (key), 
	CONSTRAINT ck_payout_run_total CHECK (total_vnd >= 0)
)
-- end
CREATE TABLE statement_cursor (
	source VARCHAR NOT NULL, 
	cursor VARCHAR NOT NULL, 
	next_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_statement_cursor PRIMARY KEY (source)
)
-- end
CREATE TABLE statement_layout (
	account_no VARCHAR NOT NULL, 
	mapping TEXT NOT NULL, 
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_statement_layout PRIMARY KEY (account_no)
)
-- end
CREATE TABLE statement_file (
	id SERIAL NOT NULL, 
	account_no VARCHAR NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	content BYTEA NOT NULL, 
	uploaded_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	uploaded_by INTEGER, 
	booked_at TIMESTAMP WITH TIME ZONE, 
	booked_by INTEGER, 
	booked_lines INTEGER NOT NULL, 
	CONSTRAINT pk_statement_file PRIMARY KEY (id), 
	CONSTRAINT uq_statement_file_account_no_sha256 UNIQUE (account_no, sha256)
)
-- end
CREATE TABLE live_told (
	key VARCHAR NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_live_told PRIMARY KEY (key)
)
-- end
CREATE TABLE sign_in (
	token_hash VARCHAR NOT NULL, 
	person_id INTEGER NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_sign_in PRIMARY KEY (token_hash), 
	CONSTRAINT fk_sign_in_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
-- end
CREATE INDEX ix_sign_in_person_id ON sign_in (person_id)
-- end
CREATE TABLE role_grant (
	id SERIAL NOT NULL, 
	person_id INTEGER NOT NULL, 
	role VARCHAR NOT NULL, 
	coop_id INTEGER, 
	granted_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	revoked_at TIMESTAMP WITH TIME ZONE, 
	ends_at TIMESTAMP WITH TIME ZONE, 
	agreed_by INTEGER, 
	CONSTRAINT pk_role_grant PRIMARY KEY (id), 
	CONSTRAINT fk_role_grant_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
-- end
CREATE INDEX ix_role_grant_coop_id ON role_grant (coop_id)
-- end
CREATE INDEX ix_role_grant_person_id ON role_grant (person_id)
-- end
CREATE TABLE saved_address (
	id SERIAL NOT NULL, 
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
	id SERIAL NOT NULL, 
	person_id INTEGER NOT NULL, 
	phone VARCHAR NOT NULL, 
	proved_by VARCHAR NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_phone_proof PRIMARY KEY (id), 
	CONSTRAINT uq_phone_proof_person_id_phone UNIQUE (person_id, phone), 
	CONSTRAINT fk_phone_proof_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
-- end
CREATE INDEX ix_phone_proof_phone ON phone_proof (phone)
-- end
CREATE TABLE recovery (
	id SERIAL NOT NULL, 
	person_id INTEGER NOT NULL, 
	token_hash VARCHAR NOT NULL, 
	made_by INTEGER, 
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	used_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_recovery PRIMARY KEY (id), 
	CONSTRAINT fk_recovery_person_id FOREIGN KEY(person_id) REFERENCES person (id), 
	CONSTRAINT uq_recovery_token_hash UNIQUE (token_hash)
)
-- end
CREATE TABLE cart (
	id VARCHAR NOT NULL, 
	person_id INTEGER, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	touched_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	voucher_id INTEGER, 
	CONSTRAINT pk_cart PRIMARY KEY (id), 
	CONSTRAINT fk_cart_person_id FOREIGN KEY(person_id) REFERENCES person (id), 
	CONSTRAINT fk_cart_voucher_id FOREIGN KEY(voucher_id) REFERENCES voucher (id)
)
-- end
CREATE INDEX ix_cart_person_id ON cart (person_id)
-- end
CREATE INDEX ix_cart_touched_at ON cart (touched_at)
-- end
CREATE TABLE category (
	id SERIAL NOT NULL, 
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
	id SERIAL NOT NULL, 
	slug VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	legal_name VARCHAR NOT NULL, 
	registration_no VARCHAR NOT NULL, 
	tax_code VARCHAR NOT NULL, 
	representative VARCHAR NOT NULL, 
	founded_on INTEGER NOT NULL, 
	member_count INTEGER NOT NULL, 
	story VARCHAR NOT NULL, 
	province_code VARCHAR NOT NULL, 
	ward_code VARCHAR NOT NULL, 
	line VARCHAR NOT NULL, 
	legacy_text VARCHAR NOT NULL, 
	phone VARCHAR NOT NULL, 
	zalo VARCHAR NOT NULL, 
	email VARCHAR NOT NULL, 
	own_domain VARCHAR, 
	face_photo_id INTEGER, 
	face_name VARCHAR NOT NULL, 
	cover_photo_id INTEGER, 
	delivery_policy VARCHAR NOT NULL, 
	return_policy VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	state_reason VARCHAR NOT NULL, 
	state_at TIMESTAMP WITH TIME ZONE, 
	holiday_until DATE, 
	commission_bp INTEGER NOT NULL, 
	verified_at TIMESTAMP WITH TIME ZONE, 
	is_demo BOOLEAN NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_coop PRIMARY KEY (id), 
	CONSTRAINT uq_coop_slug UNIQUE (slug), 
	CONSTRAINT uq_coop_own_domain UNIQUE (own_domain), 
	CONSTRAINT fk_coop_face_photo_id FOREIGN KEY(face_photo_id) REFERENCES photo (id), 
	CONSTRAINT fk_coop_cover_photo_id FOREIGN KEY(cover_photo_id) REFERENCES photo (id)
)
-- end
CREATE TABLE customer_order (
	id SERIAL NOT NULL, 
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
	placed_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	pay_by TIMESTAMP WITH TIME ZONE, 
	paid_at TIMESTAMP WITH TIME ZONE, 
	closed_at TIMESTAMP WITH TIME ZONE, 
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
CREATE INDEX ix_customer_order_person_id ON customer_order (person_id)
-- end
CREATE INDEX ix_customer_order_phone ON customer_order (phone)
-- end
CREATE INDEX ix_customer_order_placed_at ON customer_order (placed_at)
-- end
CREATE INDEX ix_customer_order_to_close ON customer_order (state, pay_by)
-- end
CREATE INDEX ix_customer_order_visitor_key ON customer_order (visitor_key)
-- end
CREATE TABLE hold (
	id SERIAL NOT NULL, 
	pool_id INTEGER NOT NULL, 
	owner VARCHAR NOT NULL, 
	quantity INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	started_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	expires_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_hold PRIMARY KEY (id), 
	CONSTRAINT ck_hold_holds_something CHECK (quantity > 0), 
	CONSTRAINT fk_hold_pool_id FOREIGN KEY(pool_id) REFERENCES pool (id)
)
-- end
CREATE INDEX ix_hold_open_until ON hold (expires_at) WHERE state = 'open'
-- end
CREATE INDEX ix_hold_owner ON hold (owner)
-- end
CREATE INDEX ix_hold_pool_id ON hold (pool_id)
-- end
CREATE TABLE stock_movement (
	id SERIAL NOT NULL, 
	pool_id INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	quantity INTEGER NOT NULL, 
	reason VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	person_id INTEGER, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_stock_movement PRIMARY KEY (id), 
	CONSTRAINT fk_stock_movement_pool_id FOREIGN KEY(pool_id) REFERENCES pool (id)
)
-- end
CREATE INDEX ix_stock_movement_owner ON stock_movement (owner)
-- end
CREATE INDEX ix_stock_movement_pool_id ON stock_movement (pool_id)
-- end
CREATE OR REPLACE FUNCTION stock_movement_frozen() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'stock_movement is insert-only'; END $$ LANGUAGE plpgsql; CREATE TRIGGER stock_movement_no_change BEFORE UPDATE OR DELETE ON stock_movement FOR EACH ROW EXECUTE FUNCTION stock_movement_frozen()
-- end
CREATE TABLE voucher_use (
	order_id SERIAL NOT NULL, 
	voucher_id INTEGER NOT NULL, 
	phone VARCHAR NOT NULL, 
	visitor_key VARCHAR NOT NULL, 
	discount_vnd BIGINT NOT NULL, 
	used_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	returned_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_voucher_use PRIMARY KEY (order_id), 
	CONSTRAINT fk_voucher_use_voucher_id FOREIGN KEY(voucher_id) REFERENCES voucher (id)
)
-- end
CREATE INDEX ix_voucher_use_voucher_id ON voucher_use (voucher_id)
-- end
CREATE TABLE payment_attempt (
	id SERIAL NOT NULL, 
	due_id INTEGER NOT NULL, 
	gateway VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	amount_vnd BIGINT NOT NULL, 
	provider_ref VARCHAR NOT NULL, 
	pay_url TEXT NOT NULL, 
	expires_at TIMESTAMP WITH TIME ZONE, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	next_check_at TIMESTAMP WITH TIME ZONE, 
	checks INTEGER NOT NULL, 
	given_up_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_payment_attempt PRIMARY KEY (id), 
	CONSTRAINT uq_payment_attempt_reference UNIQUE (reference), 
	CONSTRAINT ck_payment_attempt_amount CHECK (amount_vnd > 0), 
	CONSTRAINT fk_payment_attempt_due_id FOREIGN KEY(due_id) REFERENCES payment_due (id)
)
-- end
CREATE INDEX ix_payment_attempt_due_id ON payment_attempt (due_id)
-- end
CREATE INDEX ix_payment_attempt_to_ask ON payment_attempt (next_check_at) WHERE next_check_at IS NOT NULL
-- end
CREATE TABLE entry (
	id SERIAL NOT NULL, 
	journal_id BIGINT NOT NULL, 
	account VARCHAR NOT NULL, 
	amount_vnd BIGINT NOT NULL, 
	pending BOOLEAN NOT NULL, 
	CONSTRAINT pk_entry PRIMARY KEY (id), 
	CONSTRAINT ck_entry_amount CHECK (amount_vnd <> 0), 
	CONSTRAINT fk_entry_journal_id FOREIGN KEY(journal_id) REFERENCES journal (id) DEFERRABLE INITIALLY DEFERRED
)
-- end
CREATE INDEX ix_entry_balance ON entry (account, pending, id, amount_vnd)
-- end
CREATE INDEX ix_entry_journal_id ON entry (journal_id)
-- end
CREATE OR REPLACE FUNCTION entry_frozen() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'entry is insert-only'; END $$ LANGUAGE plpgsql; CREATE TRIGGER entry_no_change BEFORE UPDATE OR DELETE ON entry FOR EACH ROW EXECUTE FUNCTION entry_frozen()
-- end
CREATE OR REPLACE FUNCTION entry_before_journal() RETURNS trigger AS $$ BEGIN IF EXISTS (SELECT 1 FROM journal WHERE id = NEW.journal_id) THEN RAISE EXCEPTION 'journal is closed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql; CREATE TRIGGER entry_before_journal BEFORE INSERT ON entry FOR EACH ROW EXECUTE FUNCTION entry_before_journal()
-- end
CREATE TABLE settlement (
	id SERIAL NOT NULL, 
	run_id INTEGER NOT NULL, 
	seller VARCHAR NOT NULL, 
	account_id INTEGER NOT NULL, 
	amount_vnd BIGINT NOT NULL, 
	state VARCHAR NOT NULL, 
	entries_to INTEGER NOT NULL, 
	reference VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	ordered_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	sent_at TIMESTAMP WITH TIME ZONE, 
	sent_by INTEGER, 
	bounced_at TIMESTAMP WITH TIME ZONE, 
	bounced_by INTEGER, 
	relisted_in INTEGER, 
	CONSTRAINT pk_settlement PRIMARY KEY (id), 
	CONSTRAINT uq_settlement_run_id_seller UNIQUE (run_id, seller), 
	CONSTRAINT ck_settlement_amount CHECK (amount_vnd > 0), 
	CONSTRAINT ck_settlement_state CHECK (state IN ('ordered', 'sent', 'bounced')), 
	CONSTRAINT fk_settlement_run_id FOREIGN KEY(run_id) REFERENCES payout_run (id), 
	CONSTRAINT fk_settlement_account_id FOREIGN KEY(account_id) REFERENCES payout_account (id), 
	CONSTRAINT fk_settlement_relisted_in FOREIGN KEY(relisted_in) REFERENCES settlement (id)
)
-- end
CREATE INDEX ix_settlement_seller ON settlement (seller, id)
-- end
CREATE TABLE payout_left_out (
	run_id INTEGER NOT NULL, 
	seller VARCHAR NOT NULL, 
	payable_vnd BIGINT NOT NULL, 
	reason VARCHAR NOT NULL, 
	CONSTRAINT pk_payout_left_out PRIMARY KEY (run_id, seller), 
	CONSTRAINT fk_payout_left_out_run_id FOREIGN KEY(run_id) REFERENCES payout_run (id)
)
-- end
CREATE TABLE live_host (
	person_id INTEGER NOT NULL, 
	full_name VARCHAR NOT NULL, 
	paper VARCHAR NOT NULL, 
	paper_end VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	decided_at TIMESTAMP WITH TIME ZONE, 
	decided_by_id INTEGER, 
	reason VARCHAR NOT NULL, 
	CONSTRAINT pk_live_host PRIMARY KEY (person_id), 
	CONSTRAINT fk_live_host_person_id FOREIGN KEY(person_id) REFERENCES person (id), 
	CONSTRAINT fk_live_host_decided_by_id FOREIGN KEY(decided_by_id) REFERENCES person (id)
)
-- end
CREATE TABLE live_rules_accepted (
	person_id INTEGER NOT NULL, 
	version VARCHAR NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_live_rules_accepted PRIMARY KEY (person_id, version), 
	CONSTRAINT fk_live_rules_accepted_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
-- end
CREATE OR REPLACE FUNCTION live_rules_accepted_frozen() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'live_rules_accepted is insert-only'; END $$ LANGUAGE plpgsql; CREATE TRIGGER live_rules_accepted_no_change BEFORE UPDATE OR DELETE ON live_rules_accepted FOR EACH ROW EXECUTE FUNCTION live_rules_accepted_frozen()
-- end
CREATE TABLE listing_draft (
	id SERIAL NOT NULL, 
	coop_id INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	photo_ids JSON NOT NULL, 
	name VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	step_g INTEGER NOT NULL, 
	on_hand INTEGER NOT NULL, 
	price_vnd BIGINT NOT NULL, 
	touched_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_listing_draft PRIMARY KEY (id), 
	CONSTRAINT fk_listing_draft_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id)
)
-- end
CREATE INDEX ix_listing_draft_coop_id ON listing_draft (coop_id)
-- end
CREATE INDEX ix_listing_draft_touched_at ON listing_draft (touched_at)
-- end
CREATE TABLE product (
	id SERIAL NOT NULL, 
	coop_id INTEGER NOT NULL, 
	category_id INTEGER NOT NULL, 
	slug VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	name_en VARCHAR NOT NULL, 
	summary VARCHAR NOT NULL, 
	description TEXT NOT NULL, 
	origin VARCHAR NOT NULL, 
	storage_tip VARCHAR NOT NULL, 
	variety VARCHAR NOT NULL, 
	grade VARCHAR NOT NULL, 
	keywords VARCHAR NOT NULL, 
	tax_treatment VARCHAR NOT NULL, 
	shelf_life_days INTEGER, 
	state VARCHAR NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
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
CREATE INDEX IF NOT EXISTS ix_product_search_exact ON product USING gin (array_to_tsvector(string_to_array(search_exact, ' ')))
-- end
CREATE INDEX IF NOT EXISTS ix_product_search_folded ON product USING gin (array_to_tsvector(string_to_array(search_folded, ' ')))
-- end
CREATE INDEX IF NOT EXISTS ix_product_search_name ON product USING gin (array_to_tsvector(string_to_array(search_name, ' ')))
-- end
CREATE INDEX ix_product_by_age ON product (state, id)
-- end
CREATE INDEX ix_product_by_category ON product (category_id, state, id)
-- end
CREATE INDEX ix_product_by_category_price ON product (category_id, state, lowest_price_vnd, id)
-- end
CREATE INDEX ix_product_by_coop ON product (coop_id, state, id)
-- end
CREATE INDEX ix_product_by_coop_category ON product (coop_id, category_id, state)
-- end
CREATE INDEX ix_product_by_coop_price ON product (coop_id, state, lowest_price_vnd, id)
-- end
CREATE INDEX ix_product_by_price ON product (state, lowest_price_vnd, id)
-- end
CREATE TABLE wholesale_buyer (
	coop_id INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	since TIMESTAMP WITH TIME ZONE NOT NULL, 
	approved_by INTEGER NOT NULL, 
	ended_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_wholesale_buyer PRIMARY KEY (coop_id, person_id), 
	CONSTRAINT fk_wholesale_buyer_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id), 
	CONSTRAINT fk_wholesale_buyer_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
-- end
CREATE INDEX ix_wholesale_buyer_person_id ON wholesale_buyer (person_id)
-- end
CREATE TABLE checkout (
	id VARCHAR NOT NULL, 
	cart_id VARCHAR NOT NULL, 
	visitor_key VARCHAR NOT NULL, 
	phone VARCHAR, 
	answers JSON NOT NULL, 
	started_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	held_until TIMESTAMP WITH TIME ZONE NOT NULL, 
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
CREATE INDEX ix_checkout_held_until ON checkout (held_until)
-- end
CREATE INDEX ix_checkout_order_id ON checkout (order_id)
-- end
CREATE INDEX ix_checkout_phone ON checkout (phone)
-- end
CREATE INDEX ix_checkout_visitor_key ON checkout (visitor_key)
-- end
CREATE TABLE opening (
	coop_id INTEGER NOT NULL, 
	days VARCHAR NOT NULL, 
	from_minute INTEGER NOT NULL, 
	until_minute INTEGER NOT NULL, 
	most_orders INTEGER, 
	most_vnd BIGINT, 
	full_on DATE, 
	CONSTRAINT pk_opening PRIMARY KEY (coop_id), 
	CONSTRAINT ck_opening_hours CHECK (0 <= from_minute AND from_minute < until_minute AND until_minute <= 1440), 
	CONSTRAINT fk_opening_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id)
)
-- end
CREATE TABLE invitation (
	id SERIAL NOT NULL, 
	coop_id INTEGER NOT NULL, 
	role VARCHAR NOT NULL, 
	phone VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	hours INTEGER, 
	token_hash VARCHAR NOT NULL, 
	made_by INTEGER NOT NULL, 
	made_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	expires_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	used_at TIMESTAMP WITH TIME ZONE, 
	withdrawn_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_invitation PRIMARY KEY (id), 
	CONSTRAINT fk_invitation_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id)
)
-- end
CREATE INDEX ix_invitation_coop_id ON invitation (coop_id)
-- end
CREATE INDEX ix_invitation_token_hash ON invitation (token_hash)
-- end
CREATE TABLE parcel (
	id SERIAL NOT NULL, 
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
	awaits_harvest BOOLEAN DEFAULT false NOT NULL, 
	carrier VARCHAR NOT NULL, 
	carrier_name VARCHAR NOT NULL, 
	tracking_code VARCHAR NOT NULL, 
	confirmed_at TIMESTAMP WITH TIME ZONE, 
	packed_at TIMESTAMP WITH TIME ZONE, 
	handed_over_at TIMESTAMP WITH TIME ZONE, 
	delivered_at TIMESTAMP WITH TIME ZONE, 
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
	key VARCHAR NOT NULL, 
	body_hash VARCHAR NOT NULL, 
	answer JSON NOT NULL, 
	order_id INTEGER, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_idempotency PRIMARY KEY (scope, key), 
	CONSTRAINT fk_idempotency_order_id FOREIGN KEY(order_id) REFERENCES customer_order (id)
)
-- end
CREATE INDEX ix_idempotency_created_at ON idempotency (created_at)
-- end
CREATE TABLE pickup_slot (
	id SERIAL NOT NULL, 
	coop_id INTEGER NOT NULL, 
	weekday INTEGER NOT NULL, 
	from_minute INTEGER NOT NULL, 
	to_minute INTEGER NOT NULL, 
	places INTEGER NOT NULL, 
	cut_off_minutes INTEGER NOT NULL, 
	stopped_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_pickup_slot PRIMARY KEY (id), 
	CONSTRAINT ck_pickup_slot_weekday CHECK (weekday BETWEEN 0 AND 6), 
	CONSTRAINT ck_pickup_slot_hours CHECK (0 <= from_minute AND from_minute < to_minute AND to_minute <= 1440), 
	CONSTRAINT ck_pickup_slot_sane CHECK (places > 0 AND cut_off_minutes >= 0), 
	CONSTRAINT fk_pickup_slot_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id)
)
-- end
CREATE INDEX ix_pickup_slot_coop_id ON pickup_slot (coop_id)
-- end
CREATE TABLE desk_deed (
	id SERIAL NOT NULL, 
	coop_id INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	what VARCHAR NOT NULL, 
	parcel_ids JSON NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	undone_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_desk_deed PRIMARY KEY (id), 
	CONSTRAINT ck_desk_deed_what CHECK (what IN ('confirmed', 'packed', 'handed_over')), 
	CONSTRAINT fk_desk_deed_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id)
)
-- end
CREATE INDEX ix_desk_deed_person ON desk_deed (person_id, coop_id, at)
-- end
CREATE TABLE sheet (
	id SERIAL NOT NULL, 
	coop_id INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	filename VARCHAR NOT NULL, 
	content BYTEA, 
	state VARCHAR NOT NULL, 
	problem VARCHAR NOT NULL, 
	encoding VARCHAR NOT NULL, 
	rows_total INTEGER NOT NULL, 
	rows_read INTEGER NOT NULL, 
	rows_good INTEGER NOT NULL, 
	rows_written INTEGER NOT NULL, 
	written_to INTEGER NOT NULL, 
	sent_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	done_at TIMESTAMP WITH TIME ZONE, 
	leased_until TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_sheet PRIMARY KEY (id), 
	CONSTRAINT ck_sheet_state CHECK (state IN ('sent', 'read', 'confirmed', 'done', 'broken', 'dropped')), 
	CONSTRAINT fk_sheet_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id), 
	CONSTRAINT fk_sheet_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
-- end
CREATE INDEX ix_sheet_coop ON sheet (coop_id, id)
-- end
CREATE INDEX ix_sheet_state ON sheet (state, id)
-- end
CREATE TABLE delivery_rate (
	id SERIAL NOT NULL, 
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
CREATE TABLE lot (
	id SERIAL NOT NULL, 
	coop_id INTEGER NOT NULL, 
	product_id INTEGER NOT NULL, 
	code VARCHAR NOT NULL, 
	harvested_on DATE, 
	best_before DATE, 
	state VARCHAR NOT NULL, 
	made_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_lot PRIMARY KEY (id), 
	CONSTRAINT uq_lot_coop_id_code UNIQUE (coop_id, code), 
	CONSTRAINT ck_lot_state CHECK (state IN ('released', 'held', 'recalled')), 
	CONSTRAINT fk_lot_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id)
)
-- end
CREATE INDEX ix_lot_product_id ON lot (product_id)
-- end
CREATE TABLE payment_hold (
	attempt_id INTEGER NOT NULL, 
	due_id INTEGER NOT NULL, 
	gateway VARCHAR NOT NULL, 
	amount_vnd BIGINT NOT NULL, 
	wish VARCHAR NOT NULL, 
	held_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	ends_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	next_check_at TIMESTAMP WITH TIME ZONE, 
	tries INTEGER NOT NULL, 
	CONSTRAINT pk_payment_hold PRIMARY KEY (attempt_id), 
	CONSTRAINT ck_payment_hold_amount CHECK (amount_vnd > 0), 
	CONSTRAINT ck_payment_hold_wish CHECK (wish IN ('wait', 'take', 'let_go')), 
	CONSTRAINT fk_payment_hold_attempt_id FOREIGN KEY(attempt_id) REFERENCES payment_attempt (id), 
	CONSTRAINT fk_payment_hold_due_id FOREIGN KEY(due_id) REFERENCES payment_due (id)
)
-- end
CREATE INDEX ix_payment_hold_due_id ON payment_hold (due_id)
-- end
CREATE INDEX ix_payment_hold_to_settle ON payment_hold (next_check_at) WHERE next_check_at IS NOT NULL
-- end
CREATE TABLE payment_fact (
	id SERIAL NOT NULL, 
	due_id INTEGER, 
	attempt_id INTEGER, 
	gateway VARCHAR NOT NULL, 
	movement_id VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	amount_vnd BIGINT NOT NULL, 
	applied_vnd BIGINT NOT NULL, 
	account VARCHAR NOT NULL, 
	occurred_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	recorded_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	via VARCHAR NOT NULL, 
	code VARCHAR NOT NULL, 
	CONSTRAINT pk_payment_fact PRIMARY KEY (id), 
	CONSTRAINT uq_payment_fact_gateway_movement_id UNIQUE (gateway, movement_id), 
	CONSTRAINT ck_payment_fact_amount CHECK (amount_vnd >= 0 AND applied_vnd >= 0 AND applied_vnd <= amount_vnd), 
	CONSTRAINT fk_payment_fact_due_id FOREIGN KEY(due_id) REFERENCES payment_due (id), 
	CONSTRAINT fk_payment_fact_attempt_id FOREIGN KEY(attempt_id) REFERENCES payment_attempt (id)
)
-- end
CREATE INDEX ix_payment_fact_due ON payment_fact (due_id)
-- end
CREATE OR REPLACE FUNCTION payment_fact_frozen() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'payment_fact is insert-only'; END $$ LANGUAGE plpgsql; CREATE TRIGGER payment_fact_no_change BEFORE UPDATE OR DELETE ON payment_fact FOR EACH ROW EXECUTE FUNCTION payment_fact_frozen()
-- end
CREATE TABLE payout_row (
	id SERIAL NOT NULL, 
	settlement_id INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	label VARCHAR NOT NULL, 
	earning_id INTEGER, 
	amount_vnd BIGINT NOT NULL, 
	happened_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_payout_row PRIMARY KEY (id), 
	CONSTRAINT ck_payout_row_kind CHECK (kind IN ('earning', 'refund', 'debt', 'cash', 'other')), 
	CONSTRAINT fk_payout_row_settlement_id FOREIGN KEY(settlement_id) REFERENCES settlement (id), 
	CONSTRAINT fk_payout_row_earning_id FOREIGN KEY(earning_id) REFERENCES earning (id)
)
-- end
CREATE INDEX ix_payout_row_settlement_id ON payout_row (settlement_id)
-- end
CREATE TABLE live_session (
	id SERIAL NOT NULL, 
	slug VARCHAR NOT NULL, 
	coop_id INTEGER NOT NULL, 
	host_id INTEGER NOT NULL, 
	co_host_id INTEGER, 
	co_host VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	summary VARCHAR NOT NULL, 
	starts_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	planned_minutes INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	state_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	has_video BOOLEAN NOT NULL, 
	unkept_since TIMESTAMP WITH TIME ZONE, 
	is_practice BOOLEAN NOT NULL, 
	legal_hold BOOLEAN NOT NULL, 
	started_at TIMESTAMP WITH TIME ZONE, 
	ended_at TIMESTAMP WITH TIME ZONE, 
	pinned_item_id INTEGER, 
	cover_photo_id INTEGER, 
	clip_key VARCHAR NOT NULL, 
	embed VARCHAR NOT NULL, 
	replay VARCHAR NOT NULL, 
	peak_viewers INTEGER NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	is_demo BOOLEAN NOT NULL, 
	CONSTRAINT pk_live_session PRIMARY KEY (id), 
	CONSTRAINT ck_live_session_a_day_at_most CHECK (planned_minutes BETWEEN 5 AND 480), 
	CONSTRAINT uq_live_session_slug UNIQUE (slug), 
	CONSTRAINT fk_live_session_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id), 
	CONSTRAINT fk_live_session_host_id FOREIGN KEY(host_id) REFERENCES person (id), 
	CONSTRAINT fk_live_session_co_host_id FOREIGN KEY(co_host_id) REFERENCES person (id), 
	CONSTRAINT fk_live_session_cover_photo_id FOREIGN KEY(cover_photo_id) REFERENCES photo (id)
)
-- end
CREATE INDEX ix_live_session_co_host_id ON live_session (co_host_id)
-- end
CREATE INDEX ix_live_session_coop_id ON live_session (coop_id)
-- end
CREATE INDEX ix_live_session_host_id ON live_session (host_id)
-- end
CREATE INDEX ix_live_session_starts_at ON live_session (starts_at)
-- end
CREATE INDEX ix_live_session_state ON live_session (state)
-- end
CREATE UNIQUE INDEX uq_live_session_coop_on_air ON live_session (coop_id) WHERE state IN ('starting', 'live', 'interrupted')
-- end
CREATE UNIQUE INDEX uq_live_session_host_on_air ON live_session (host_id) WHERE state IN ('starting', 'live', 'interrupted')
-- end
CREATE TABLE variant (
	id SERIAL NOT NULL, 
	product_id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	step_g INTEGER NOT NULL, 
	packing_g INTEGER NOT NULL, 
	price_vnd BIGINT NOT NULL, 
	most_steps INTEGER NOT NULL, 
	least_steps INTEGER DEFAULT '1' NOT NULL, 
	tiers JSON, 
	wholesale JSON, 
	ship_by DATE, 
	low_at INTEGER DEFAULT '5' NOT NULL, 
	position INTEGER NOT NULL, 
	on_sale BOOLEAN NOT NULL, 
	CONSTRAINT pk_variant PRIMARY KEY (id), 
	CONSTRAINT ck_variant_price CHECK (price_vnd > 0), 
	CONSTRAINT ck_variant_steps CHECK (step_g > 0 AND packing_g >= 0 AND most_steps > 0), 
	CONSTRAINT ck_variant_least CHECK (least_steps > 0 AND least_steps <= most_steps), 
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
	id SERIAL NOT NULL, 
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
CREATE INDEX ix_certificate_coop ON certificate (coop_id, kind)
-- end
CREATE INDEX ix_certificate_kind ON certificate (kind, state, expires_on)
-- end
CREATE INDEX ix_certificate_product ON certificate (product_id)
-- end
CREATE TABLE complaint (
	id SERIAL NOT NULL, 
	parcel_id INTEGER NOT NULL, 
	order_id INTEGER NOT NULL, 
	coop_id INTEGER NOT NULL, 
	lines JSON NOT NULL, 
	words TEXT NOT NULL, 
	photo_ids JSON NOT NULL, 
	state VARCHAR NOT NULL, 
	made_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	answer_by TIMESTAMP WITH TIME ZONE NOT NULL, 
	refused_why TEXT NOT NULL, 
	raised_at TIMESTAMP WITH TIME ZONE, 
	decided_why TEXT NOT NULL, 
	decided_at TIMESTAMP WITH TIME ZONE, 
	decided_by INTEGER, 
	refund_vnd BIGINT NOT NULL, 
	CONSTRAINT pk_complaint PRIMARY KEY (id), 
	CONSTRAINT ck_complaint_state CHECK (state IN ('open', 'raised', 'accepted', 'dismissed')), 
	CONSTRAINT fk_complaint_parcel_id FOREIGN KEY(parcel_id) REFERENCES parcel (id), 
	CONSTRAINT fk_complaint_order_id FOREIGN KEY(order_id) REFERENCES customer_order (id), 
	CONSTRAINT fk_complaint_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id), 
	CONSTRAINT fk_complaint_decided_by FOREIGN KEY(decided_by) REFERENCES person (id)
)
-- end
CREATE INDEX ix_complaint_coop ON complaint (coop_id, state, id)
-- end
CREATE INDEX ix_complaint_order_id ON complaint (order_id)
-- end
CREATE INDEX ix_complaint_parcel_id ON complaint (parcel_id)
-- end
CREATE INDEX ix_complaint_state ON complaint (state, answer_by)
-- end
CREATE TABLE order_event (
	id SERIAL NOT NULL, 
	order_id INTEGER NOT NULL, 
	parcel_id INTEGER, 
	what VARCHAR NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
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
	id SERIAL NOT NULL, 
	phone VARCHAR NOT NULL, 
	parcel_id INTEGER NOT NULL, 
	refused_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	lifted_at TIMESTAMP WITH TIME ZONE, 
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
	id SERIAL NOT NULL, 
	parcel_id INTEGER NOT NULL, 
	amount_vnd BIGINT NOT NULL, 
	lines JSON NOT NULL, 
	reason VARCHAR NOT NULL, 
	goods_fit BOOLEAN NOT NULL, 
	state VARCHAR NOT NULL, 
	asked_by INTEGER NOT NULL, 
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	decided_by INTEGER, 
	decided_at TIMESTAMP WITH TIME ZONE, 
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
CREATE TABLE parcel_settled (
	id SERIAL NOT NULL, 
	parcel_id INTEGER NOT NULL, 
	was_vnd BIGINT NOT NULL, 
	total_vnd BIGINT NOT NULL, 
	back_vnd BIGINT NOT NULL, 
	asked_vnd BIGINT NOT NULL, 
	lines JSON NOT NULL, 
	person_id INTEGER NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_parcel_settled PRIMARY KEY (id), 
	CONSTRAINT ck_parcel_settled_sums CHECK (back_vnd >= 0 AND asked_vnd >= 0), 
	CONSTRAINT fk_parcel_settled_parcel_id FOREIGN KEY(parcel_id) REFERENCES parcel (id)
)
-- end
CREATE INDEX ix_parcel_settled_parcel_id ON parcel_settled (parcel_id)
-- end
CREATE TABLE pickup_booking (
	parcel_id INTEGER NOT NULL, 
	slot_id INTEGER NOT NULL, 
	day DATE NOT NULL, 
	CONSTRAINT pk_pickup_booking PRIMARY KEY (parcel_id), 
	CONSTRAINT fk_pickup_booking_parcel_id FOREIGN KEY(parcel_id) REFERENCES parcel (id), 
	CONSTRAINT fk_pickup_booking_slot_id FOREIGN KEY(slot_id) REFERENCES pickup_slot (id)
)
-- end
CREATE INDEX ix_pickup_booking_slot ON pickup_booking (slot_id, day)
-- end
CREATE TABLE hand_over_proof (
	id SERIAL NOT NULL, 
	parcel_id INTEGER NOT NULL, 
	photo_id INTEGER, 
	received_by VARCHAR NOT NULL, 
	person_id INTEGER NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_hand_over_proof PRIMARY KEY (id), 
	CONSTRAINT fk_hand_over_proof_parcel_id FOREIGN KEY(parcel_id) REFERENCES parcel (id), 
	CONSTRAINT fk_hand_over_proof_photo_id FOREIGN KEY(photo_id) REFERENCES photo (id)
)
-- end
CREATE INDEX ix_hand_over_proof_parcel_id ON hand_over_proof (parcel_id)
-- end
CREATE INDEX ix_hand_over_proof_photo_id ON hand_over_proof (photo_id)
-- end
CREATE TABLE question (
	id SERIAL NOT NULL, 
	product_id INTEGER NOT NULL, 
	coop_id INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	words TEXT NOT NULL, 
	asked_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	answer TEXT NOT NULL, 
	answered_at TIMESTAMP WITH TIME ZONE, 
	state VARCHAR NOT NULL, 
	hidden_why VARCHAR NOT NULL, 
	CONSTRAINT pk_question PRIMARY KEY (id), 
	CONSTRAINT ck_question_state CHECK (state IN ('shown', 'hidden')), 
	CONSTRAINT fk_question_product_id FOREIGN KEY(product_id) REFERENCES product (id), 
	CONSTRAINT fk_question_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id), 
	CONSTRAINT fk_question_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
-- end
CREATE INDEX ix_question_coop ON question (coop_id, id)
-- end
CREATE INDEX ix_question_product ON question (product_id, state, id)
-- end
CREATE TABLE sheet_row (
	sheet_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	cells JSON NOT NULL, 
	fate VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	about VARCHAR NOT NULL, 
	change JSON NOT NULL, 
	variant_id INTEGER, 
	CONSTRAINT pk_sheet_row PRIMARY KEY (sheet_id, number), 
	CONSTRAINT ck_sheet_row_fate CHECK (fate IN ('new', 'changed', 'same', 'refused')), 
	CONSTRAINT fk_sheet_row_sheet_id FOREIGN KEY(sheet_id) REFERENCES sheet (id)
)
-- end
CREATE INDEX ix_sheet_row_fate ON sheet_row (sheet_id, fate, number)
-- end
CREATE TABLE shipment (
	id SERIAL NOT NULL, 
	parcel_id INTEGER NOT NULL, 
	carrier VARCHAR NOT NULL, 
	carrier_name VARCHAR NOT NULL, 
	tracking_code VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_shipment PRIMARY KEY (id), 
	CONSTRAINT fk_shipment_parcel_id FOREIGN KEY(parcel_id) REFERENCES parcel (id)
)
-- end
CREATE INDEX ix_shipment_parcel_id ON shipment (parcel_id)
-- end
CREATE TABLE lot_units (
	lot_id INTEGER NOT NULL, 
	variant_id INTEGER NOT NULL, 
	"left" INTEGER NOT NULL, 
	off_sale INTEGER NOT NULL, 
	CONSTRAINT pk_lot_units PRIMARY KEY (lot_id, variant_id), 
	CONSTRAINT ck_lot_units_never_below_zero CHECK ("left" >= 0 AND off_sale >= 0 AND off_sale <= "left"), 
	CONSTRAINT fk_lot_units_lot_id FOREIGN KEY(lot_id) REFERENCES lot (id)
)
-- end
CREATE INDEX ix_lot_units_variant ON lot_units (variant_id)
-- end
CREATE TABLE lot_movement (
	id SERIAL NOT NULL, 
	lot_id INTEGER NOT NULL, 
	variant_id INTEGER NOT NULL, 
	quantity INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	owner VARCHAR NOT NULL, 
	person_id INTEGER, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_lot_movement PRIMARY KEY (id), 
	CONSTRAINT fk_lot_movement_lot_id FOREIGN KEY(lot_id) REFERENCES lot (id)
)
-- end
CREATE INDEX ix_lot_movement_lot_id ON lot_movement (lot_id)
-- end
CREATE INDEX ix_lot_movement_owner ON lot_movement (owner)
-- end
CREATE OR REPLACE FUNCTION lot_movement_frozen() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'lot_movement is insert-only'; END $$ LANGUAGE plpgsql; CREATE TRIGGER lot_movement_no_change BEFORE UPDATE OR DELETE ON lot_movement FOR EACH ROW EXECUTE FUNCTION lot_movement_frozen()
-- end
CREATE TABLE parcel_message (
	id SERIAL NOT NULL, 
	parcel_id INTEGER NOT NULL, 
	from_coop BOOLEAN NOT NULL, 
	person_id INTEGER, 
	words TEXT NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_parcel_message PRIMARY KEY (id), 
	CONSTRAINT fk_parcel_message_parcel_id FOREIGN KEY(parcel_id) REFERENCES parcel (id), 
	CONSTRAINT fk_parcel_message_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
-- end
CREATE INDEX ix_parcel_message_parcel ON parcel_message (parcel_id, id)
-- end
CREATE TABLE unmatched_money (
	id SERIAL NOT NULL, 
	fact_id INTEGER NOT NULL, 
	due_id INTEGER, 
	amount_vnd BIGINT NOT NULL, 
	reason VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	content VARCHAR NOT NULL, 
	bank_reference VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	decision VARCHAR NOT NULL, 
	target_due_id INTEGER, 
	proposed_by INTEGER, 
	decided_by INTEGER, 
	arrived_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	decided_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_unmatched_money PRIMARY KEY (id), 
	CONSTRAINT uq_unmatched_money_fact_id UNIQUE (fact_id), 
	CONSTRAINT ck_unmatched_money_amount CHECK (amount_vnd > 0), 
	CONSTRAINT ck_unmatched_money_state CHECK (state IN ('waiting', 'proposed', 'matched', 'sent_back')), 
	CONSTRAINT fk_unmatched_money_fact_id FOREIGN KEY(fact_id) REFERENCES payment_fact (id), 
	CONSTRAINT fk_unmatched_money_due_id FOREIGN KEY(due_id) REFERENCES payment_due (id), 
	CONSTRAINT fk_unmatched_money_target_due_id FOREIGN KEY(target_due_id) REFERENCES payment_due (id)
)
-- end
CREATE INDEX ix_unmatched_money_state ON unmatched_money (state, id)
-- end
CREATE TABLE live_chat (
	session_id INTEGER NOT NULL, 
	last_number INTEGER NOT NULL, 
	slow_s INTEGER NOT NULL, 
	words VARCHAR NOT NULL, 
	pinned_number INTEGER, 
	warning VARCHAR NOT NULL, 
	CONSTRAINT pk_live_chat PRIMARY KEY (session_id), 
	CONSTRAINT fk_live_chat_session_id FOREIGN KEY(session_id) REFERENCES live_session (id)
)
-- end
CREATE TABLE live_speaker (
	id SERIAL NOT NULL, 
	session_id INTEGER NOT NULL, 
	key VARCHAR NOT NULL, 
	visitor_key VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	phone VARCHAR NOT NULL, 
	cart_id VARCHAR, 
	pay_secret VARCHAR NOT NULL, 
	proved_at TIMESTAMP WITH TIME ZONE, 
	letters INTEGER NOT NULL, 
	letter_at TIMESTAMP WITH TIME ZONE, 
	letter_until TIMESTAMP WITH TIME ZONE, 
	silenced VARCHAR NOT NULL, 
	CONSTRAINT pk_live_speaker PRIMARY KEY (id), 
	CONSTRAINT uq_live_speaker_session_id_key UNIQUE (session_id, key), 
	CONSTRAINT fk_live_speaker_session_id FOREIGN KEY(session_id) REFERENCES live_session (id), 
	CONSTRAINT fk_live_speaker_cart_id FOREIGN KEY(cart_id) REFERENCES cart (id), 
	CONSTRAINT uq_live_speaker_pay_secret UNIQUE (pay_secret)
)
-- end
CREATE INDEX ix_live_speaker_phone ON live_speaker (phone)
-- end
CREATE INDEX ix_live_speaker_session_id ON live_speaker (session_id)
-- end
CREATE TABLE live_crew (
	id SERIAL NOT NULL, 
	session_id INTEGER NOT NULL, 
	role VARCHAR NOT NULL, 
	phone VARCHAR NOT NULL, 
	secret VARCHAR NOT NULL, 
	sees_money BOOLEAN NOT NULL, 
	person_id INTEGER, 
	name VARCHAR NOT NULL, 
	invited_by_id INTEGER NOT NULL, 
	invited_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	accepted_at TIMESTAMP WITH TIME ZONE, 
	left_at TIMESTAMP WITH TIME ZONE, 
	ended_by_id INTEGER, 
	CONSTRAINT pk_live_crew PRIMARY KEY (id), 
	CONSTRAINT fk_live_crew_session_id FOREIGN KEY(session_id) REFERENCES live_session (id), 
	CONSTRAINT uq_live_crew_secret UNIQUE (secret), 
	CONSTRAINT fk_live_crew_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
-- end
CREATE INDEX ix_live_crew_person_id ON live_crew (person_id)
-- end
CREATE INDEX ix_live_crew_session_id ON live_crew (session_id)
-- end
CREATE TABLE live_set (
	id SERIAL NOT NULL, 
	session_id INTEGER NOT NULL, 
	code VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	price_vnd BIGINT NOT NULL, 
	most_per_buyer INTEGER NOT NULL, 
	closed_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_live_set PRIMARY KEY (id), 
	CONSTRAINT uq_live_set_session_id_code UNIQUE (session_id, code), 
	CONSTRAINT ck_live_set_sells_something CHECK (price_vnd > 0 AND most_per_buyer > 0), 
	CONSTRAINT fk_live_set_session_id FOREIGN KEY(session_id) REFERENCES live_session (id)
)
-- end
CREATE TABLE live_minute (
	session_id INTEGER NOT NULL, 
	minute_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	viewers INTEGER NOT NULL, 
	watched_s INTEGER NOT NULL, 
	counted_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_live_minute PRIMARY KEY (session_id, minute_at), 
	CONSTRAINT fk_live_minute_session_id FOREIGN KEY(session_id) REFERENCES live_session (id)
)
-- end
CREATE TABLE live_confirmed (
	id SERIAL NOT NULL, 
	session_id INTEGER NOT NULL, 
	role VARCHAR NOT NULL, 
	run VARCHAR NOT NULL, 
	person_id INTEGER NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_live_confirmed PRIMARY KEY (id), 
	CONSTRAINT uq_live_confirmed_session_id_role_run UNIQUE (session_id, role, run), 
	CONSTRAINT fk_live_confirmed_session_id FOREIGN KEY(session_id) REFERENCES live_session (id), 
	CONSTRAINT fk_live_confirmed_person_id FOREIGN KEY(person_id) REFERENCES person (id)
)
-- end
CREATE INDEX ix_live_confirmed_session_id ON live_confirmed (session_id)
-- end
CREATE OR REPLACE FUNCTION live_confirmed_frozen() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'live_confirmed is insert-only'; END $$ LANGUAGE plpgsql; CREATE TRIGGER live_confirmed_no_change BEFORE UPDATE OR DELETE ON live_confirmed FOR EACH ROW EXECUTE FUNCTION live_confirmed_frozen()
-- end
CREATE TABLE live_report (
	id SERIAL NOT NULL, 
	session_id INTEGER NOT NULL, 
	visitor_key VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	words VARCHAR NOT NULL, 
	item_id INTEGER, 
	comment_number INTEGER NOT NULL, 
	said VARCHAR NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	seen_at TIMESTAMP WITH TIME ZONE, 
	seen_by_id INTEGER, 
	CONSTRAINT pk_live_report PRIMARY KEY (id), 
	CONSTRAINT uq_live_report_session_id_visitor_key_reason_comment_number UNIQUE (session_id, visitor_key, reason, comment_number), 
	CONSTRAINT fk_live_report_session_id FOREIGN KEY(session_id) REFERENCES live_session (id)
)
-- end
CREATE INDEX ix_live_report_at ON live_report (at)
-- end
CREATE INDEX ix_live_report_session_id ON live_report (session_id)
-- end
CREATE TABLE live_mtx_take (
	source_id VARCHAR NOT NULL, 
	session_id INTEGER NOT NULL, 
	source_type VARCHAR NOT NULL, 
	began_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	seen_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	ended_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_live_mtx_take PRIMARY KEY (source_id), 
	CONSTRAINT fk_live_mtx_take_session_id FOREIGN KEY(session_id) REFERENCES live_session (id)
)
-- end
CREATE INDEX ix_live_mtx_take_session_id ON live_mtx_take (session_id)
-- end
CREATE TABLE live_mtx_file (
	session_id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	duration_s FLOAT NOT NULL, 
	told_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_live_mtx_file PRIMARY KEY (session_id, name), 
	CONSTRAINT fk_live_mtx_file_session_id FOREIGN KEY(session_id) REFERENCES live_session (id)
)
-- end
CREATE TABLE live_target (
	id SERIAL NOT NULL, 
	session_id INTEGER NOT NULL, 
	server VARCHAR NOT NULL, 
	sealed_key VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	tries INTEGER NOT NULL, 
	state_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_live_target PRIMARY KEY (id), 
	CONSTRAINT fk_live_target_session_id FOREIGN KEY(session_id) REFERENCES live_session (id)
)
-- end
CREATE INDEX ix_live_target_session_id ON live_target (session_id)
-- end
CREATE TABLE live_publisher (
	session_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	person_id INTEGER, 
	device VARCHAR NOT NULL, 
	keys_made INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	taken_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	seen_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_live_publisher PRIMARY KEY (session_id), 
	CONSTRAINT fk_live_publisher_session_id FOREIGN KEY(session_id) REFERENCES live_session (id)
)
-- end
CREATE TABLE cart_line (
	id SERIAL NOT NULL, 
	cart_id VARCHAR NOT NULL, 
	variant_id INTEGER NOT NULL, 
	live_key VARCHAR NOT NULL, 
	quantity INTEGER NOT NULL, 
	seen_price_vnd BIGINT NOT NULL, 
	price_vnd BIGINT, 
	pool_id INTEGER, 
	price_kind VARCHAR NOT NULL, 
	discount_vnd BIGINT NOT NULL, 
	set_name VARCHAR NOT NULL, 
	set_count INTEGER NOT NULL, 
	hold_owner VARCHAR, 
	held_until TIMESTAMP WITH TIME ZONE, 
	added_at TIMESTAMP WITH TIME ZONE NOT NULL, 
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
	id SERIAL NOT NULL, 
	variant_id INTEGER NOT NULL, 
	owner VARCHAR NOT NULL, 
	price_vnd BIGINT NOT NULL, 
	starts_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	ends_at TIMESTAMP WITH TIME ZONE, 
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
	id SERIAL NOT NULL, 
	variant_id INTEGER NOT NULL, 
	price_vnd BIGINT NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	person_id INTEGER, 
	CONSTRAINT pk_price_change PRIMARY KEY (id), 
	CONSTRAINT fk_price_change_variant_id FOREIGN KEY(variant_id) REFERENCES variant (id)
)
-- end
CREATE INDEX ix_price_change_variant_id ON price_change (variant_id)
-- end
CREATE TABLE price_plan (
	id SERIAL NOT NULL, 
	variant_id INTEGER NOT NULL, 
	price_vnd BIGINT NOT NULL, 
	starts_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	state VARCHAR NOT NULL, 
	person_id INTEGER NOT NULL, 
	person_name VARCHAR NOT NULL, 
	CONSTRAINT pk_price_plan PRIMARY KEY (id), 
	CONSTRAINT ck_price_plan_price CHECK (price_vnd > 0), 
	CONSTRAINT ck_price_plan_state CHECK (state IN ('waiting', 'set', 'stopped')), 
	CONSTRAINT fk_price_plan_variant_id FOREIGN KEY(variant_id) REFERENCES variant (id)
)
-- end
CREATE INDEX ix_price_plan_due ON price_plan (state, starts_at)
-- end
CREATE INDEX ix_price_plan_variant_id ON price_plan (variant_id)
-- end
CREATE TABLE hand_change (
	id SERIAL NOT NULL, 
	coop_id INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	what VARCHAR NOT NULL, 
	variant_id INTEGER NOT NULL, 
	before BIGINT NOT NULL, 
	after BIGINT NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	undone_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_hand_change PRIMARY KEY (id), 
	CONSTRAINT ck_hand_change_what CHECK (what IN ('price', 'stock')), 
	CONSTRAINT fk_hand_change_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id), 
	CONSTRAINT fk_hand_change_variant_id FOREIGN KEY(variant_id) REFERENCES variant (id)
)
-- end
CREATE INDEX ix_hand_change_coop_id ON hand_change (coop_id)
-- end
CREATE INDEX ix_hand_change_person_id ON hand_change (person_id)
-- end
CREATE TABLE order_line (
	id SERIAL NOT NULL, 
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
	commission_bp INTEGER NOT NULL, 
	discount_vnd BIGINT NOT NULL, 
	voucher_code VARCHAR NOT NULL, 
	gift_vnd BIGINT NOT NULL, 
	gift_left_vnd BIGINT NOT NULL, 
	price_kind VARCHAR NOT NULL, 
	set_name VARCHAR NOT NULL, 
	set_count INTEGER NOT NULL, 
	live_key VARCHAR NOT NULL, 
	pool_id INTEGER NOT NULL, 
	ship_by DATE, 
	ship_by_was DATE, 
	harvested_at TIMESTAMP WITH TIME ZONE, 
	left_out INTEGER NOT NULL, 
	weighed_g INTEGER, 
	settled_vnd BIGINT NOT NULL, 
	CONSTRAINT pk_order_line PRIMARY KEY (id), 
	CONSTRAINT ck_order_line_sum CHECK (total_vnd = price_vnd * quantity - discount_vnd + settled_vnd AND discount_vnd >= 0 AND total_vnd >= 0), 
	CONSTRAINT ck_order_line_gift CHECK (gift_left_vnd BETWEEN 0 AND gift_vnd AND gift_vnd <= discount_vnd), 
	CONSTRAINT ck_order_line_steps CHECK (quantity >= 0 AND left_out >= 0 AND quantity + left_out > 0), 
	CONSTRAINT fk_order_line_order_id FOREIGN KEY(order_id) REFERENCES customer_order (id), 
	CONSTRAINT fk_order_line_parcel_id FOREIGN KEY(parcel_id) REFERENCES parcel (id), 
	CONSTRAINT fk_order_line_variant_id FOREIGN KEY(variant_id) REFERENCES variant (id), 
	CONSTRAINT fk_order_line_product_id FOREIGN KEY(product_id) REFERENCES product (id), 
	CONSTRAINT fk_order_line_pool_id FOREIGN KEY(pool_id) REFERENCES pool (id)
)
-- end
CREATE INDEX ix_order_line_live ON order_line (live_key) WHERE live_key != ''
-- end
CREATE INDEX ix_order_line_order_id ON order_line (order_id)
-- end
CREATE INDEX ix_order_line_parcel ON order_line (parcel_id)
-- end
CREATE TABLE remittance (
	id SERIAL NOT NULL, 
	carrier VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	sheet_sha256 VARCHAR NOT NULL, 
	file_name VARCHAR NOT NULL, 
	mapping JSON NOT NULL, 
	state VARCHAR NOT NULL, 
	collected_vnd BIGINT NOT NULL, 
	fee_vnd BIGINT NOT NULL, 
	freight_vnd BIGINT NOT NULL, 
	net_vnd BIGINT NOT NULL, 
	unmatched_id INTEGER, 
	uploaded_by INTEGER, 
	uploaded_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	booked_by INTEGER, 
	booked_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_remittance PRIMARY KEY (id), 
	CONSTRAINT uq_remittance_sheet_sha256 UNIQUE (sheet_sha256), 
	CONSTRAINT uq_remittance_unmatched_id UNIQUE (unmatched_id), 
	CONSTRAINT ck_remittance_state CHECK (state IN ('read', 'booked')), 
	CONSTRAINT ck_remittance_amount CHECK (fee_vnd >= 0 AND freight_vnd >= 0 AND net_vnd >= 0), 
	CONSTRAINT fk_remittance_unmatched_id FOREIGN KEY(unmatched_id) REFERENCES unmatched_money (id)
)
-- end
CREATE TABLE hand_payment (
	id SERIAL NOT NULL, 
	due_id INTEGER NOT NULL, 
	way VARCHAR NOT NULL, 
	account VARCHAR NOT NULL, 
	amount_vnd BIGINT NOT NULL, 
	bank_reference VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	unmatched_id INTEGER, 
	proposed_by INTEGER, 
	proposed_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	decided_by INTEGER, 
	decided_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_hand_payment PRIMARY KEY (id), 
	CONSTRAINT uq_hand_payment_unmatched_id UNIQUE (unmatched_id), 
	CONSTRAINT ck_hand_payment_amount CHECK (amount_vnd > 0), 
	CONSTRAINT ck_hand_payment_way CHECK (way IN ('counter', 'bank')), 
	CONSTRAINT ck_hand_payment_state CHECK (state IN ('proposed', 'booked', 'withdrawn')), 
	CONSTRAINT fk_hand_payment_due_id FOREIGN KEY(due_id) REFERENCES payment_due (id), 
	CONSTRAINT fk_hand_payment_unmatched_id FOREIGN KEY(unmatched_id) REFERENCES unmatched_money (id)
)
-- end
CREATE INDEX ix_hand_payment_due_id ON hand_payment (due_id)
-- end
CREATE UNIQUE INDEX ix_hand_payment_proposed ON hand_payment (due_id) WHERE state = 'proposed'
-- end
CREATE UNIQUE INDEX ix_hand_payment_reference ON hand_payment (bank_reference) WHERE bank_reference <> '' AND state <> 'withdrawn'
-- end
CREATE TABLE settlement_batch (
	id SERIAL NOT NULL, 
	file_id INTEGER NOT NULL, 
	gateway VARCHAR NOT NULL, 
	batch_ref VARCHAR NOT NULL, 
	part INTEGER NOT NULL, 
	settled_on DATE NOT NULL, 
	cleared_vnd BIGINT NOT NULL, 
	fee_vnd BIGINT NOT NULL, 
	net_vnd BIGINT NOT NULL, 
	row_count INTEGER NOT NULL, 
	state VARCHAR NOT NULL, 
	unmatched_id INTEGER, 
	decided_by INTEGER, 
	decided_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_settlement_batch PRIMARY KEY (id), 
	CONSTRAINT uq_settlement_batch_gateway_batch_ref_part UNIQUE (gateway, batch_ref, part), 
	CONSTRAINT uq_settlement_batch_unmatched_id UNIQUE (unmatched_id), 
	CONSTRAINT ck_settlement_batch_sum CHECK (cleared_vnd = fee_vnd + net_vnd), 
	CONSTRAINT ck_settlement_batch_state CHECK (state IN ('waiting', 'tied', 'booked')), 
	CONSTRAINT fk_settlement_batch_file_id FOREIGN KEY(file_id) REFERENCES settlement_file (id), 
	CONSTRAINT fk_settlement_batch_unmatched_id FOREIGN KEY(unmatched_id) REFERENCES unmatched_money (id)
)
-- end
CREATE INDEX ix_settlement_batch_file_id ON settlement_batch (file_id)
-- end
CREATE INDEX ix_settlement_batch_state ON settlement_batch (state, id)
-- end
CREATE TABLE refund (
	id SERIAL NOT NULL, 
	due_id INTEGER, 
	unmatched_id INTEGER, 
	fact_id INTEGER, 
	amount_vnd BIGINT NOT NULL, 
	reason VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	way VARCHAR NOT NULL, 
	gateway_id VARCHAR NOT NULL, 
	tries INTEGER NOT NULL, 
	refused VARCHAR NOT NULL, 
	failed_id VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	said_reference VARCHAR NOT NULL, 
	said_by INTEGER, 
	requested_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	requested_by INTEGER, 
	sent_at TIMESTAMP WITH TIME ZONE, 
	sent_by INTEGER, 
	next_check_at TIMESTAMP WITH TIME ZONE, 
	checks INTEGER NOT NULL, 
	CONSTRAINT pk_refund PRIMARY KEY (id), 
	CONSTRAINT ck_refund_amount CHECK (amount_vnd > 0), 
	CONSTRAINT ck_refund_state CHECK (state IN ('requested', 'sending', 'sent')), 
	CONSTRAINT fk_refund_due_id FOREIGN KEY(due_id) REFERENCES payment_due (id), 
	CONSTRAINT uq_refund_unmatched_id UNIQUE (unmatched_id), 
	CONSTRAINT fk_refund_unmatched_id FOREIGN KEY(unmatched_id) REFERENCES unmatched_money (id), 
	CONSTRAINT fk_refund_fact_id FOREIGN KEY(fact_id) REFERENCES payment_fact (id)
)
-- end
CREATE INDEX ix_refund_due_id ON refund (due_id)
-- end
CREATE INDEX ix_refund_fact_id ON refund (fact_id)
-- end
CREATE INDEX ix_refund_state ON refund (state, id)
-- end
CREATE INDEX ix_refund_to_send ON refund (next_check_at) WHERE next_check_at IS NOT NULL
-- end
CREATE TABLE live_comment (
	id SERIAL NOT NULL, 
	session_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	key VARCHAR NOT NULL, 
	speaker_id INTEGER NOT NULL, 
	source VARCHAR NOT NULL, 
	words VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	decided VARCHAR NOT NULL, 
	state VARCHAR NOT NULL, 
	answered BOOLEAN NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_live_comment PRIMARY KEY (id), 
	CONSTRAINT uq_live_comment_session_id_number UNIQUE (session_id, number), 
	CONSTRAINT uq_live_comment_session_id_key UNIQUE (session_id, key), 
	CONSTRAINT fk_live_comment_session_id FOREIGN KEY(session_id) REFERENCES live_session (id), 
	CONSTRAINT fk_live_comment_speaker_id FOREIGN KEY(speaker_id) REFERENCES live_speaker (id)
)
-- end
CREATE INDEX ix_live_comment_speaker ON live_comment (speaker_id)
-- end
CREATE TABLE live_item (
	id SERIAL NOT NULL, 
	session_id INTEGER NOT NULL, 
	code VARCHAR NOT NULL, 
	variant_id INTEGER NOT NULL, 
	live_price_vnd BIGINT NOT NULL, 
	wanted INTEGER NOT NULL, 
	most_per_buyer INTEGER NOT NULL, 
	allotted INTEGER, 
	pool_id INTEGER, 
	papers VARCHAR NOT NULL, 
	replay_price_vnd BIGINT, 
	position INTEGER NOT NULL, 
	prompt VARCHAR NOT NULL, 
	CONSTRAINT pk_live_item PRIMARY KEY (id), 
	CONSTRAINT uq_live_item_session_id_code UNIQUE (session_id, code), 
	CONSTRAINT uq_live_item_session_id_variant_id UNIQUE (session_id, variant_id), 
	CONSTRAINT ck_live_item_sells_something CHECK (live_price_vnd > 0 AND wanted > 0 AND most_per_buyer > 0), 
	CONSTRAINT fk_live_item_session_id FOREIGN KEY(session_id) REFERENCES live_session (id), 
	CONSTRAINT fk_live_item_variant_id FOREIGN KEY(variant_id) REFERENCES variant (id), 
	CONSTRAINT fk_live_item_pool_id FOREIGN KEY(pool_id) REFERENCES pool (id)
)
-- end
CREATE TABLE review (
	id SERIAL NOT NULL, 
	line_id INTEGER NOT NULL, 
	product_id INTEGER NOT NULL, 
	coop_id INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	stars INTEGER NOT NULL, 
	words TEXT NOT NULL, 
	photo_id INTEGER, 
	state VARCHAR NOT NULL, 
	written_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	reply TEXT NOT NULL, 
	replied_at TIMESTAMP WITH TIME ZONE, 
	reported_why VARCHAR NOT NULL, 
	decided_at TIMESTAMP WITH TIME ZONE, 
	hidden_why VARCHAR NOT NULL, 
	CONSTRAINT pk_review PRIMARY KEY (id), 
	CONSTRAINT ck_review_stars CHECK (stars BETWEEN 1 AND 5), 
	CONSTRAINT ck_review_state CHECK (state IN ('shown', 'hidden')), 
	CONSTRAINT uq_review_line_id UNIQUE (line_id), 
	CONSTRAINT fk_review_line_id FOREIGN KEY(line_id) REFERENCES order_line (id), 
	CONSTRAINT fk_review_product_id FOREIGN KEY(product_id) REFERENCES product (id), 
	CONSTRAINT fk_review_coop_id FOREIGN KEY(coop_id) REFERENCES coop (id), 
	CONSTRAINT fk_review_photo_id FOREIGN KEY(photo_id) REFERENCES photo (id)
)
-- end
CREATE INDEX ix_review_coop ON review (coop_id, id)
-- end
CREATE INDEX ix_review_product ON review (product_id, state, id)
-- end
CREATE TABLE remittance_row (
	id SERIAL NOT NULL, 
	remittance_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	key VARCHAR NOT NULL, 
	code VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	said TEXT NOT NULL, 
	collected_vnd BIGINT NOT NULL, 
	fee_vnd BIGINT NOT NULL, 
	freight_vnd BIGINT NOT NULL, 
	paid_on DATE, 
	problem VARCHAR NOT NULL, 
	fate VARCHAR NOT NULL, 
	parcel VARCHAR NOT NULL, 
	applied_vnd BIGINT NOT NULL, 
	CONSTRAINT pk_remittance_row PRIMARY KEY (id), 
	CONSTRAINT uq_remittance_row_remittance_id_number UNIQUE (remittance_id, number), 
	CONSTRAINT ck_remittance_row_amount CHECK (applied_vnd >= 0 AND applied_vnd <= collected_vnd AND fee_vnd >= 0), 
	CONSTRAINT fk_remittance_row_remittance_id FOREIGN KEY(remittance_id) REFERENCES remittance (id)
)
-- end
CREATE INDEX ix_remittance_row_key ON remittance_row (key)
-- end
CREATE INDEX ix_remittance_row_parcel ON remittance_row (parcel)
-- end
CREATE TABLE settlement_row (
	id SERIAL NOT NULL, 
	batch_id INTEGER NOT NULL, 
	gateway VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	movement_id VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	gross_vnd BIGINT NOT NULL, 
	fee_vnd BIGINT NOT NULL, 
	net_vnd BIGINT NOT NULL, 
	settled_on DATE NOT NULL, 
	fact_id INTEGER, 
	CONSTRAINT pk_settlement_row PRIMARY KEY (id), 
	CONSTRAINT uq_settlement_row_gateway_kind_movement_id UNIQUE (gateway, kind, movement_id), 
	CONSTRAINT uq_settlement_row_fact_id UNIQUE (fact_id), 
	CONSTRAINT ck_settlement_row_gross CHECK (gross_vnd >= 0), 
	CONSTRAINT fk_settlement_row_batch_id FOREIGN KEY(batch_id) REFERENCES settlement_batch (id), 
	CONSTRAINT fk_settlement_row_fact_id FOREIGN KEY(fact_id) REFERENCES payment_fact (id)
)
-- end
CREATE INDEX ix_settlement_row_batch_id ON settlement_row (batch_id)
-- end
CREATE INDEX ix_settlement_row_reference ON settlement_row (gateway, reference)
-- end
CREATE TABLE claim (
	id SERIAL NOT NULL, 
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
	held_until TIMESTAMP WITH TIME ZONE, 
	promoted_at TIMESTAMP WITH TIME ZONE, 
	corrected_by_id INTEGER, 
	made_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	CONSTRAINT pk_claim PRIMARY KEY (id), 
	CONSTRAINT ck_claim_claims_something CHECK (quantity > 0), 
	CONSTRAINT fk_claim_session_id FOREIGN KEY(session_id) REFERENCES live_session (id), 
	CONSTRAINT fk_claim_item_id FOREIGN KEY(item_id) REFERENCES live_item (id), 
	CONSTRAINT fk_claim_speaker_id FOREIGN KEY(speaker_id) REFERENCES live_speaker (id), 
	CONSTRAINT fk_claim_hold_id FOREIGN KEY(hold_id) REFERENCES hold (id)
)
-- end
CREATE INDEX ix_claim_queue ON claim (item_id, state, number)
-- end
CREATE INDEX ix_claim_session_id ON claim (session_id)
-- end
CREATE UNIQUE INDEX uq_claim_open ON claim (speaker_id, item_id) WHERE state IN ('waiting', 'held', 'promoted')
-- end
CREATE TABLE live_deal (
	id SERIAL NOT NULL, 
	session_id INTEGER NOT NULL, 
	item_id INTEGER NOT NULL, 
	price_vnd BIGINT NOT NULL, 
	quantity INTEGER NOT NULL, 
	most_per_buyer INTEGER NOT NULL, 
	starts_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	ends_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	closed_at TIMESTAMP WITH TIME ZONE, 
	paused_at TIMESTAMP WITH TIME ZONE, 
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
CREATE INDEX ix_live_deal_session_id ON live_deal (session_id)
-- end
CREATE UNIQUE INDEX uq_live_deal_open ON live_deal (item_id) WHERE closed_at IS NULL
-- end
CREATE TABLE live_set_part (
	set_id INTEGER NOT NULL, 
	item_id INTEGER NOT NULL, 
	quantity INTEGER NOT NULL, 
	CONSTRAINT pk_live_set_part PRIMARY KEY (set_id, item_id), 
	CONSTRAINT fk_live_set_part_set_id FOREIGN KEY(set_id) REFERENCES live_set (id), 
	CONSTRAINT fk_live_set_part_item_id FOREIGN KEY(item_id) REFERENCES live_item (id)
)
-- end
CREATE TABLE live_pin (
	id SERIAL NOT NULL, 
	session_id INTEGER NOT NULL, 
	item_id INTEGER NOT NULL, 
	person_id INTEGER, 
	pinned_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	unpinned_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_live_pin PRIMARY KEY (id), 
	CONSTRAINT fk_live_pin_session_id FOREIGN KEY(session_id) REFERENCES live_session (id), 
	CONSTRAINT fk_live_pin_item_id FOREIGN KEY(item_id) REFERENCES live_item (id)
)
-- end
CREATE INDEX ix_live_pin_session_id ON live_pin (session_id)
-- end
CREATE UNIQUE INDEX uq_live_pin_open ON live_pin (session_id) WHERE unpinned_at IS NULL
-- end
CREATE TABLE live_claim (
	id SERIAL NOT NULL, 
	session_id INTEGER NOT NULL, 
	item_id INTEGER NOT NULL, 
	hold_owner VARCHAR NOT NULL, 
	visitor_key VARCHAR NOT NULL, 
	quantity INTEGER NOT NULL, 
	price_vnd BIGINT NOT NULL, 
	held_until TIMESTAMP WITH TIME ZONE NOT NULL, 
	at TIMESTAMP WITH TIME ZONE NOT NULL, 
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
CREATE OR REPLACE FUNCTION live_claim_frozen() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'live_claim is insert-only'; END $$ LANGUAGE plpgsql; CREATE TRIGGER live_claim_no_change BEFORE UPDATE OR DELETE ON live_claim FOR EACH ROW EXECUTE FUNCTION live_claim_frozen()
-- end
CREATE TABLE comparison_item (
	id SERIAL NOT NULL, 
	gateway VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	movement_id VARCHAR NOT NULL, 
	reference VARCHAR NOT NULL, 
	day DATE NOT NULL, 
	fact_id INTEGER, 
	row_id INTEGER, 
	our_vnd BIGINT, 
	their_vnd BIGINT, 
	fee_vnd BIGINT, 
	agreed_fee_vnd BIGINT, 
	state VARCHAR NOT NULL, 
	seen_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	changed_at TIMESTAMP WITH TIME ZONE NOT NULL, 
	note VARCHAR NOT NULL, 
	closed_by INTEGER, 
	closed_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT pk_comparison_item PRIMARY KEY (id), 
	CONSTRAINT uq_comparison_item_fact_id UNIQUE (fact_id), 
	CONSTRAINT uq_comparison_item_row_id UNIQUE (row_id), 
	CONSTRAINT ck_comparison_item_state CHECK (state IN ('not_yet', 'matched', 'missing_here', 'missing_there', 'amount_diff', 'fee_diff')), 
	CONSTRAINT fk_comparison_item_fact_id FOREIGN KEY(fact_id) REFERENCES payment_fact (id), 
	CONSTRAINT fk_comparison_item_row_id FOREIGN KEY(row_id) REFERENCES settlement_row (id)
)
-- end
CREATE INDEX ix_comparison_item_day ON comparison_item (day, gateway, state)
-- end
CREATE INDEX ix_comparison_item_state ON comparison_item (state, id)
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
