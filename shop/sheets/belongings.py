"""What belongs to a co-op: each file of its ZIP, the table it comes from and the rows of it that are the co-op's.

Tables are named by their words, since those of rooms above this one are among them. In `whose` stand `:coop` for the
co-op's number and `:seller` for its name in the books ("coop:7"). An order that still waits for its money is not on the
desk, and not here; a whole order's sums are left out, since other co-ops may have sold in it.
"""

# ruff: noqa: S608  parts of questions that stand in this file: nothing that anybody typed

from __future__ import annotations

from typing import NamedTuple

_MINE = "coop_id = :coop"
_GOODS = "(SELECT id FROM product WHERE coop_id = :coop)"
_SHELVES = "(SELECT category_id FROM product WHERE coop_id = :coop)"
_BOXES = f"(SELECT id FROM variant WHERE product_id IN {_GOODS})"
_VOUCHERS = "(SELECT id FROM voucher WHERE coop_id = :coop)"
_POOLS = "(SELECT id FROM pool WHERE coop_id = :coop)"
_LOTS = "(SELECT id FROM lot WHERE coop_id = :coop)"
_PARCELS = "(SELECT id FROM parcel WHERE coop_id = :coop AND state <> 'waiting')"
_ORDERS = "(SELECT order_id FROM parcel WHERE coop_id = :coop AND state <> 'waiting')"
_LABELS = "(SELECT 'parcel:' || id FROM parcel WHERE coop_id = :coop AND state <> 'waiting')"
_WITH_VOUCHERS = f"voucher_id IN {_VOUCHERS} AND order_id IN {_ORDERS}"
_HAPPENED = f"parcel_id IN {_PARCELS} OR parcel_id IS NULL AND order_id IN {_ORDERS}"
_SESSIONS = "(SELECT id FROM live_session WHERE coop_id = :coop)"
_SETS = f"(SELECT id FROM live_set WHERE session_id IN {_SESSIONS})"
_PAYOUTS = "(SELECT id FROM settlement WHERE seller = :seller)"
_ACCOUNTS = "('1130:own:' || :seller, '1210:' || :seller, '2210:' || :seller, '2220:' || :seller, '2230:' || :seller)"
_BOOKED = f"(SELECT journal_id FROM entry WHERE account IN {_ACCOUNTS})"
_PEOPLE = (
    "(SELECT person_id FROM role_grant WHERE coop_id = :coop"
    " UNION SELECT person_id FROM wholesale_buyer WHERE coop_id = :coop)"
)
_PHOTOS = (
    f"(SELECT photo_id FROM product_photo WHERE product_id IN {_GOODS}"
    " UNION SELECT face_photo_id FROM coop WHERE id = :coop UNION SELECT cover_photo_id FROM coop WHERE id = :coop"
    " UNION SELECT cover_photo_id FROM live_session WHERE coop_id = :coop"
    " UNION SELECT photo_id FROM review WHERE coop_id = :coop"
    f" UNION SELECT id FROM photo WHERE parcel_id IN {_PARCELS})"
)
_ORDER_HIDES = ("email", "goods_vnd", "shipping_vnd", "total_vnd")


class File(NamedTuple):
    """One kind of thing: `name`.csv and `name`.json. `hides` are columns that leave with other tables only."""

    name: str
    called: str
    table: str
    whose: str
    hides: tuple[str, ...] = ()


FILES = (
    File("hop-tac-xa", "Hợp tác xã", "coop", "id = :coop"),
    File("gio-nhan-don", "Giờ nhận đơn", "opening", _MINE),
    File("phi-giao", "Phí giao hàng", "delivery_rate", _MINE),
    File("dieu-kien-giao", "Điều kiện giao hàng", "delivery_terms", _MINE),
    File("gio-den-lay", "Khung giờ đến lấy", "pickup_slot", _MINE),
    File("giay-chung-nhan", "Giấy chứng nhận", "certificate", _MINE),
    File("nguoi", "Người của hợp tác xã và khách sỉ", "person", f"id IN {_PEOPLE}", ("email",)),
    File("quyen", "Ai có quyền gì", "role_grant", _MINE),
    File("loi-moi", "Lời mời vào hợp tác xã", "invitation", _MINE),
    File("khach-si", "Khách được giá sỉ", "wholesale_buyer", _MINE),
    File("danh-muc", "Danh mục hàng", "category", f"id IN {_SHELVES}", ("photo_id",)),
    File("hang", "Hàng", "product", _MINE),
    File("hang-dang-soan", "Hàng đang soạn", "listing_draft", _MINE),
    File("loai-hang", "Loại hàng, giá, giá sỉ", "variant", f"product_id IN {_GOODS}"),
    File("anh-hang", "Ảnh nào của hàng nào", "product_photo", f"product_id IN {_GOODS}"),
    File("gia-da-co", "Giá đã có", "price_change", f"variant_id IN {_BOXES}"),
    File("gia-hen-gio", "Giá hẹn giờ", "price_plan", f"variant_id IN {_BOXES}"),
    File("gia-rieng", "Giá riêng trong buổi bán", "offer", f"variant_id IN {_BOXES}"),
    File("ma-giam-gia", "Mã giảm giá", "voucher", _MINE),
    File("ma-da-dung", "Mã giảm giá khách đã dùng", "voucher_use", _WITH_VOUCHERS),
    File("ton-kho", "Tồn kho", "pool", _MINE),
    File("nhap-xuat", "Nhập, xuất kho", "stock_movement", f"pool_id IN {_POOLS}"),
    File("lo-hang", "Lô hàng", "lot", _MINE),
    File("lo-con-lai", "Lô còn bao nhiêu", "lot_units", f"lot_id IN {_LOTS}"),
    File("lo-nhap-xuat", "Nhập, xuất của lô", "lot_movement", f"lot_id IN {_LOTS}"),
    File("don-hang", "Đơn hàng, khách", "customer_order", f"id IN {_ORDERS}", _ORDER_HIDES),
    File("kien-hang", "Kiện hàng", "parcel", f"id IN {_PARCELS}"),
    File("dong-don-hang", "Từng dòng của đơn", "order_line", f"parcel_id IN {_PARCELS}"),
    File("viec-cua-don", "Việc đã xảy ra với đơn", "order_event", _HAPPENED),
    File("can-lai", "Cân lại khi đóng gói", "parcel_settled", f"parcel_id IN {_PARCELS}"),
    File("den-lay", "Khách hẹn đến lấy", "pickup_booking", f"parcel_id IN {_PARCELS}"),
    File("chuyen-giao", "Chuyến giao", "shipment", f"parcel_id IN {_PARCELS}"),
    File("bang-chung-giao", "Ảnh và người nhận khi giao", "hand_over_proof", f"parcel_id IN {_PARCELS}"),
    File("khong-nhan-hang", "Khách không nhận hàng", "cod_refusal", f"parcel_id IN {_PARCELS}"),
    File("tin-nhan", "Tin nhắn với khách", "parcel_message", f"parcel_id IN {_PARCELS}"),
    File("khieu-nai", "Khiếu nại", "complaint", _MINE),
    File("tra-lai-tien", "Tiền trả lại khách", "money_back", f"parcel_id IN {_PARCELS}"),
    File("danh-gia", "Đánh giá", "review", _MINE),
    File("cau-hoi", "Câu hỏi", "question", _MINE),
    File("tien-ban", "Tiền bán từng kiện", "earning", "seller = :seller"),
    File("thu-ho", "Tiền mặt đơn vị giao thu hộ", "carrier_cash", f"parcel IN {_LABELS}"),
    File("tien-da-tra", "Các lần chợ chuyển tiền", "settlement", "seller = :seller"),
    File("dong-tien-da-tra", "Từng dòng của mỗi lần chuyển", "payout_row", f"settlement_id IN {_PAYOUTS}"),
    File("chua-tra", "Lần chưa chuyển và vì sao", "payout_left_out", "seller = :seller"),
    File("tai-khoan-nhan-tien", "Tài khoản nhận tiền", "payout_account", "seller = :seller"),
    File("so-cai", "Sổ cái, phần của hợp tác xã", "entry", f"account IN {_ACCOUNTS}"),
    File("but-toan", "Bút toán của sổ cái", "journal", f"id IN {_BOOKED}"),
    File("buoi-ban", "Buổi bán trực tiếp", "live_session", _MINE),
    File("mon-trong-buoi", "Món trong buổi", "live_item", f"session_id IN {_SESSIONS}"),
    File("ghim-trong-buoi", "Món được ghim", "live_pin", f"session_id IN {_SESSIONS}"),
    File("gia-soc", "Giá sốc", "live_deal", f"session_id IN {_SESSIONS}"),
    File("bo-hang", "Bộ hàng", "live_set", f"session_id IN {_SESSIONS}"),
    File("mon-trong-bo", "Món trong bộ", "live_set_part", f"set_id IN {_SETS}"),
    File("giu-trong-buoi", "Khách bấm giữ hàng", "live_claim", f"session_id IN {_SESSIONS}"),
    File("phong-chat", "Phòng chat", "live_chat", f"session_id IN {_SESSIONS}"),
    File("nguoi-noi", "Người nói trong buổi", "live_speaker", f"session_id IN {_SESSIONS}", ("phone",)),
    File("cau-noi", "Câu nói trong buổi", "live_comment", f"session_id IN {_SESSIONS}"),
    File("chot-don", "Chốt đơn bằng câu nói", "claim", f"session_id IN {_SESSIONS}"),
    File("nguoi-phu", "Người phụ buổi bán", "live_crew", f"session_id IN {_SESSIONS}"),
    File("cam-ket", "Cam kết trước buổi bán", "live_confirmed", f"session_id IN {_SESSIONS}"),
    File("kenh-phat", "Kênh phát thêm", "live_target", f"session_id IN {_SESSIONS}"),
    File("nguoi-xem", "Người xem từng phút", "live_minute", f"session_id IN {_SESSIONS}"),
    File("anh", "Ảnh chụp gì", "photo", f"id IN {_PHOTOS}"),
    File("nhat-ky", "Ai đổi gì, lúc nào", "audit_entry", "on_behalf_of = :seller"),
)
